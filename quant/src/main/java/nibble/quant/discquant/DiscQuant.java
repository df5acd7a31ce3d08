package nibble.quant.discquant;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.SiteFunction;
import nibble.nn.train.Schedule;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationQuantizers;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleStream;
import nibble.quant.model.Samples;
import nibble.quant.model.SchemeExecution;
import nibble.quant.reconstruct.ReconstructionLoss;
import nibble.quant.rounding.RoundingGrid;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * DiscQuant: rounds every weight up or down so that the predictions of the whole model stay,
 * starting from weights between the grid points.
 *
 * <p>Chee, Backurs, Heck, Zhang, Kulkarni, Rothvoss, Gopi: <a
 * href="https://arxiv.org/abs/2501.06417">arXiv:2501.06417</a> (2025; number from memory).
 *
 * <pre>{@code
 * over x in [0, 1]^n     min  rho KL(float model || model with w(x)) - <2 y - 1, x>       see RoundingSearch
 * AdamW, a cosine with warm-up; after each update x is cut off at 0 and 1; in the end it is rounded
 * }</pre>
 *
 * <p>Grids are those of the scheme and stay. Differs from the authors' code: x starts at the
 * weights instead of at random, since there are fewer updates; activations are in float while
 * roundings are learned, also where the scheme quantizes them; nearest codes are kept if they
 * predict the samples better. Memory: four floats for each weight.
 */
public final class DiscQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "discquant",
          "DiscQuant",
          "Chee, Backurs, Heck, Zhang, Kulkarni, Rothvoss, Gopi: arXiv:2501.06417",
          "some dozen samples, no labels; memory for gradients of the whole model",
          "3 and 4 bits for weights of models that fit in memory four times over",
          DiscQuantOptions.OPTIONS,
          List.of(
              "W2..8A16", "W2..8A2..8 with scales for each token", "groups of a multiple of 8"));

  private static final double WARM_UP = 0.1;

  /** Updates after which an interrupted run can go on. */
  private static final int SAVE_EVERY = 16;

  private static final String STATE = "roundings";

  private final DiscQuantOptions options;

  /** With the given knobs. */
  public DiscQuant(DiscQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static DiscQuant of(OptionValues values) {
    return new DiscQuant(DiscQuantOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public void check(Scheme scheme) {
    ActivationQuantizers.requireTokens(name(), scheme);
  }

  @Override
  public double passes(int samples) {
    return 3.0 * samples + 4.0 * options.iterations() * options.batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Model model = task.model();
    if (!(model instanceof CausalLanguageModel) && !(model instanceof ImageClassifier)) {
      throw new IllegalArgumentException(
          "discquant keeps predictions of tokens or classes, "
              + model.architecture()
              + " makes none; choose cbq or omniquant");
    }
    SchemeExecution execution = new SchemeExecution(task);
    List<Linear> linears = new ArrayList<>();
    List<RoundingGrid> grids = new ArrayList<>();
    for (Linear linear : model.linears()) {
      execution
          .grids(linear)
          .ifPresent(
              params -> {
                linears.add(linear);
                grids.add(new RoundingGrid(linear.weight().peek().toFloats(), params));
              });
    }
    Map<String, Double> facts = new LinkedHashMap<>();
    List<QuantizedTensor> codes = codes(task, linears, grids, facts);
    for (int i = 0; i < linears.size(); i++) {
      execution.execute(linears.get(i), codes.get(i));
    }
    return new MethodReport(execution.results(), facts, List.of());
  }

  private List<QuantizedTensor> codes(
      ModelTask task, List<Linear> linears, List<RoundingGrid> grids, Map<String, Double> facts) {
    Model teacher = task.floatModel().get();
    RoundingSearch search =
        new RoundingSearch(grids, options.rate(), options.weight(), options.limit());
    with(linears, i -> (ops, weight) -> search.weight(ops, i), () -> learn(task, teacher, search));
    List<QuantizedTensor> nearest = new ArrayList<>();
    List<QuantizedTensor> learned = new ArrayList<>();
    for (int i = 0; i < grids.size(); i++) {
      Linear linear = linears.get(i);
      nearest.add(
          new QuantizedTensor(
              grids.get(i).params().quantize(linear.name(), linear.weight().peek().toFloats(), 0),
              grids.get(i).params()));
      learned.add(search.codes(i));
    }
    double ofNearest = divergence(task, teacher, linears, nearest);
    double ofLearned = divergence(task, teacher, linears, learned);
    facts.put("divergence with nearest codes", ofNearest);
    facts.put("divergence with learned codes", ofLearned);
    facts.put("share of elements decided before rounding", search.decided());
    return ofLearned <= ofNearest ? learned : nearest;
  }

  /** Runs with functions in the weight sites. */
  private static void with(
      List<Linear> linears, IntFunction<SiteFunction> functions, Runnable work) {
    List<SiteFunction> installed = new ArrayList<>();
    for (int i = 0; i < linears.size(); i++) {
      SiteFunction function = functions.apply(i);
      linears.get(i).weightSite().append(function);
      installed.add(function);
    }
    try {
      work.run();
    } finally {
      for (int i = 0; i < linears.size(); i++) {
        linears.get(i).weightSite().remove(installed.get(i));
      }
    }
  }

  private void learn(ModelTask task, Model teacher, RoundingSearch search) {
    Ops ops = task.ops();
    int iterations = options.iterations();
    Schedule schedule = new Schedule.Cosine((int) (WARM_UP * iterations), iterations, 0);
    int done = task.store().load(STATE).map(search::restore).orElse(0);
    task.progress().begin("round", iterations, "updates");
    try (SampleStream stream =
        task.samples().training(options.batch(), task.seed(), (long) done * options.batch())) {
      for (int i = done; i < iterations; i++) {
        Samples samples = stream.next();
        search.begin();
        try (Scope scope = ops.scope()) {
          Tensor wanted;
          try (var inference = ops.noGrad()) {
            wanted = teacher.forward(ops, samples.inputs());
          }
          Tensor loss =
              ReconstructionLoss.DIVERGENCE.of(
                  ops, task.model().forward(ops, samples.inputs()), wanted);
          search.update(ops, loss, schedule.factor(i));
        }
        if ((i + 1) % SAVE_EVERY == 0) {
          task.store().save(STATE, search.state(i + 1));
        }
        task.progress().to(i + 1, "");
      }
    }
  }

  private static double divergence(
      ModelTask task, Model teacher, List<Linear> linears, List<QuantizedTensor> codes) {
    Ops ops = task.ops();
    List<Tensor> weights =
        codes.stream().map(c -> Tensor.of(c.dequantize(), c.out(), c.in())).toList();
    double[] sum = new double[2];
    with(
        linears,
        i -> (o, weight) -> weights.get(i),
        () -> {
          for (Tensor inputs : task.samples().inputs()) {
            try (var inference = ops.noGrad();
                Scope scope = ops.scope()) {
              Tensor wanted = teacher.forward(ops, inputs);
              long rows = wanted.size() / wanted.dim(-1);
              sum[0] +=
                  ReconstructionLoss.DIVERGENCE
                          .of(ops, task.model().forward(ops, inputs), wanted)
                          .item()
                      * rows;
              sum[1] += rows;
            }
          }
        });
    return sum[0] / sum[1];
  }
}
