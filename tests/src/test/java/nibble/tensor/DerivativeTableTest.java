package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import nibble.kernels.attention.RopeTable;
import nibble.kernels.rowwise.Activation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every row of the derivative table against finite differences; a row without a check fails. */
class DerivativeTableTest {
  private static final int ROUNDS = 12;

  private static final Ops ops = Ops.serial();

  /** A function of the inputs, on random inputs. */
  private interface Check {
    void run(RandomGenerator random);
  }

  private static final Map<String, List<Check>> CHECKS = new LinkedHashMap<>();

  private static void check(
      String row, Function<Tensor[], Tensor> function, Function<RandomGenerator, Tensor[]> inputs) {
    CHECKS
        .computeIfAbsent(row, name -> new ArrayList<>())
        .add(
            random -> {
              Tensor[] in = inputs.apply(random);
              assertTrue(uses(function, in, row), row + " is not what its check runs");
              GradientCheck.check(ops, function, random, in);
            });
  }

  private static boolean uses(Function<Tensor[], Tensor> function, Tensor[] in, String row) {
    Tensor[] copies = Stream.of(in).map(t -> t.detach().requireGrad()).toArray(Tensor[]::new);
    Track track = function.apply(copies).track();
    List<Node> open = new ArrayList<>();
    open.add(track == null ? null : track.producer());
    while (!open.isEmpty()) {
      Node node = open.removeLast();
      if (node != null) {
        if (name(node.operator()).equals(row)) {
          return true;
        }
        for (Track input : node.inputs()) {
          open.add(input == null ? null : input.producer());
        }
      }
    }
    return false;
  }

  private static String name(Operator operator) {
    return operator instanceof Enum<?> constant
        ? constant.getDeclaringClass().getSimpleName() + "." + constant.name()
        : operator instanceof Pointwise.Activate(Activation function)
            ? "Activate." + function
            : operator.getClass().getSimpleName();
  }

  private static int dim(RandomGenerator random) {
    return 1 + random.nextInt(4);
  }

  private static Tensor normal(RandomGenerator random, int... dims) {
    return GradientCheck.random(random, -2, 2, dims);
  }

  private static Tensor positive(RandomGenerator random, int... dims) {
    return GradientCheck.random(random, 0.5, 2.5, dims);
  }

  private static Tensor awayFromZero(RandomGenerator random, int... dims) {
    float[] data = GradientCheck.random(random, 0.125, 2, dims).toFloats();
    for (int i = 0; i < data.length; i++) {
      data[i] = random.nextBoolean() ? data[i] : -data[i];
    }
    return Tensor.of(data, dims);
  }

  private static Tensor[] of(Tensor... tensors) {
    return tensors;
  }

  static {
    unary();
    binary();
    products();
    normalisation();
    reshaping();
    attention();
    sumsAndLosses();
    callers();
  }

  private static void unary() {
    for (Unary row : Unary.values()) {
      check(
          "Unary." + row.name(),
          in -> ops.apply(row, in[0]),
          random ->
              switch (row) {
                case LOG, SQRT -> of(positive(random, dim(random), dim(random)));
                case ABS -> of(awayFromZero(random, dim(random), dim(random)));
                case SQUARE -> of(normal(random, dim(random), dim(random)));
              });
    }
    for (Activation function : Activation.values()) {
      check(
          "Activate." + function,
          in -> ops.apply(new Pointwise.Activate(function), in[0]),
          random ->
              of(
                  function == Activation.RELU
                      ? awayFromZero(random, 3, dim(random))
                      : normal(random, 3, dim(random))));
    }
    check(
        "Scale",
        in -> ops.scale(in[0], -1.75f),
        random -> of(normal(random, dim(random), dim(random))));
    check(
        "Clamp",
        in -> ops.clamp(in[0], -0.75f, 1.25f),
        random -> {
          float[] data = new float[6];
          for (int i = 0; i < data.length; i++) {
            data[i] = -1.5f + 0.25f * random.nextInt(16) + 0.125f; // never near a bound
          }
          return of(Tensor.of(data, 2, 3));
        });
  }

  private static void binary() {
    for (Binary row : Binary.values()) {
      check(
          "Binary." + row.name(),
          in -> ops.apply(row, in[0], in[1]),
          random -> {
            int[] dims = {dim(random), dim(random), dim(random)};
            return of(
                normal(random, broadcastable(random, dims)),
                positive(random, broadcastable(random, dims)));
          });
    }
  }

  /** {@code dims} with some dimensions 1 and some leading ones missing. */
  private static int[] broadcastable(RandomGenerator random, int[] dims) {
    int[] result = dims.clone();
    for (int i = 0; i < dims.length; i++) {
      result[i] = random.nextInt(3) == 0 ? 1 : dims[i];
    }
    return Arrays.copyOfRange(result, random.nextInt(dims.length + 1), dims.length);
  }

  private static void products() {
    check(
        "Linear",
        in -> ops.linear(in[0], in[1], in[2]),
        random -> {
          int in = dim(random);
          int out = dim(random);
          return of(
              normal(random, dim(random), dim(random), in),
              normal(random, out, in),
              normal(random, out));
        });
    check(
        "Linear",
        in -> ops.linear(in[0], in[1], null),
        random -> {
          int in = dim(random);
          return of(normal(random, dim(random), in), normal(random, dim(random), in));
        });
    for (boolean transposed : new boolean[] {false, true}) {
      check(
          "Product",
          in -> transposed ? ops.matmulTransposed(in[0], in[1]) : ops.matmul(in[0], in[1]),
          random -> {
            int k = dim(random);
            int n = dim(random);
            int[] batch = {dim(random), dim(random)};
            int kind = random.nextInt(4);
            int[] right = transposed ? new int[] {n, k} : new int[] {k, n};
            int[] left = {dim(random), k};
            return of(
                normal(random, kind == 0 || kind == 2 ? left : concat(batch, left)),
                normal(random, kind == 1 || kind == 2 ? right : concat(batch, right)));
          });
    }
  }

  private static int[] concat(int[] a, int[] b) {
    int[] result = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, result, a.length, b.length);
    return result;
  }

  private static void normalisation() {
    check(
        "SoftmaxRow",
        in -> ops.softmax(in[0]),
        random -> of(normal(random, dim(random), dim(random), 5)));
    check(
        "LogSoftmaxRow", in -> ops.logSoftmax(in[0]), random -> of(normal(random, dim(random), 5)));
    check(
        "LayerNormRow",
        in -> ops.layerNorm(in[0], in[1], in[2], 0.1f),
        random -> of(normal(random, 2, 3, 6), normal(random, 6), normal(random, 6)));
    check(
        "LayerNormRow",
        in -> ops.layerNorm(in[0], null, null, 0.1f),
        random -> of(normal(random, 3, 5)));
    check(
        "LayerNormRow",
        in -> ops.layerNorm(in[0], null, in[1], 0.1f),
        random -> of(normal(random, 3, 5), normal(random, 5)));
    check(
        "RmsNormRow",
        in -> ops.rmsNorm(in[0], in[1], 0.1f),
        random -> of(normal(random, 2, 2, 6), normal(random, 6)));
    check("RmsNormRow", in -> ops.rmsNorm(in[0], null, 0.1f), random -> of(normal(random, 3, 4)));
  }

  private static void reshaping() {
    check(
        "Reshape",
        in -> ops.square(ops.reshape(in[0], 3, -1)),
        random -> of(normal(random, 2, 3, 2)));
    check(
        "Permute",
        in -> ops.permute(in[0], 2, 0, -2),
        random -> of(normal(random, dim(random), dim(random), dim(random))));
    check("Permute", in -> ops.patches(in[0], 2), random -> of(normal(random, 2, 2, 4, 6)));
    check(
        "Permute",
        in -> ops.mergeHeads(ops.square(ops.splitHeads(in[0], 2))),
        random -> of(normal(random, 2, 3, 4)));
    check(
        "Slice",
        in -> ops.slice(in[0], -2, 1, 3),
        random -> of(normal(random, dim(random), 4, dim(random))));
    check(
        "Concat",
        in -> ops.concat(1, in[0], in[1], in[0]),
        random -> {
          int a = dim(random);
          int c = dim(random);
          return of(normal(random, a, dim(random), c), normal(random, a, dim(random), c));
        });
    check(
        "Expand",
        in -> ops.expand(in[0], 2, 3, 2, 4),
        random -> of(normal(random, 3, 1, random.nextBoolean() ? 1 : 4)));
    check(
        "RowsOf",
        in -> ops.rowsOf(in[0], new int[] {2, 0, 2, 1}),
        random -> of(normal(random, 4, dim(random))));
  }

  private static void attention() {
    for (RopeTable.Pairs pairs : RopeTable.Pairs.values()) {
      RopeTable table = RopeTable.of(pairs, RopeTable.frequencies(6, 100), 9, 1.5);
      check(
          "Rotation",
          in -> ops.rotate(in[0], 7, table, new int[] {3, 8, 1}),
          random -> of(normal(random, dim(random), 3, 7 * dim(random))));
    }
  }

  private static void sumsAndLosses() {
    check("SumAll", in -> ops.sum(in[0]), random -> of(normal(random, dim(random), dim(random))));
    check("SumAll", in -> ops.mean(in[0]), random -> of(normal(random, dim(random), dim(random))));
    for (int axis = -3; axis < 3; axis++) {
      int at = axis;
      check(
          "SumAxis",
          in -> ops.sum(in[0], at, at > 0),
          random -> of(normal(random, dim(random), dim(random), dim(random))));
      check(
          "SumAxis",
          in -> ops.mean(in[0], at, at < 0),
          random -> of(normal(random, dim(random), dim(random), dim(random))));
    }
    check(
        "CrossEntropy",
        in -> ops.crossEntropy(in[0], new int[] {1, 0, 4}),
        random -> of(normal(random, 3, 5)));
    check(
        "CrossEntropy",
        in -> ops.crossEntropy(in[0], new int[] {1, 3}, 0.1f),
        random -> of(normal(random, 2, 4)));
    check(
        "MeanSquaredError",
        in -> ops.mse(in[0], in[1]),
        random -> of(normal(random, 3, 2), normal(random, 3, 2)));
  }

  private static void callers() {
    DifferentiableFunction cube =
        new DifferentiableFunction() {
          @Override
          public Tensor forward(Ops ops, Tensor... in) {
            return ops.mul(ops.square(in[0]), in[0]);
          }

          @Override
          public Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
            return new Tensor[] {ops.mul(gradOut, ops.scale(ops.square(in[0]), 3))};
          }
        };
    check("Custom", in -> ops.custom(cube, in[0]), random -> of(normal(random, 2, 3)));
    check(
        "Checkpoint",
        in -> ops.checkpoint((o, x) -> o.tanh(o.mul(x[0], o.sigmoid(x[1]))), in[0], in[1]),
        random -> of(normal(random, 2, 3), normal(random, 3)));
  }

  static List<String> rows() {
    List<String> names = new ArrayList<>();
    for (Class<?> row : Operator.class.getPermittedSubclasses()) {
      if (row == Relevance.class) {
        continue; // what runs back is no derivative: RelevanceTest checks it
      }
      if (row.isEnum()) {
        for (Object constant : row.getEnumConstants()) {
          names.add(name((Operator) constant));
        }
      } else if (row == Pointwise.Activate.class) {
        for (Activation function : Activation.values()) {
          names.add("Activate." + function);
        }
      } else {
        names.add(row.getSimpleName());
      }
    }
    return names;
  }

  @ParameterizedTest
  @MethodSource("rows")
  void agreesWithFiniteDifferences(String row) {
    List<Check> checks = CHECKS.getOrDefault(row, List.of());
    assertFalse(checks.isEmpty(), "operator " + row + " has no check");
    for (Check check : checks) {
      for (int round = 0; round < ROUNDS; round++) {
        check.run(new Random(row.hashCode() * 31L + round));
      }
    }
  }
}
