package nibble.loaders.tokenizer.finish;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;
import nibble.loaders.tokenizer.core.Fields;
import nibble.loaders.tokenizer.finish.Template.Part;

/** Reads the {@code post_processor} of {@code tokenizer.json}. */
public final class Finishers {
  private static final int MOST_PARTS = 100;

  private final Spelling tokens;

  private Finishers(Spelling tokens) {
    this.tokens = tokens;
  }

  /** Adds nothing: one text behind the other. */
  public static Finisher none() {
    return new Sequence(List.of());
  }

  /**
   * The step that {@code json} describes, for a vocabulary of these {@code tokens}.
   *
   * @throws nibble.loaders.BadFileException if its type, a key or a value is not known
   */
  public static Finisher of(JsonObject json, Spelling tokens) {
    return new Finishers(tokens).read(json);
  }

  private Finisher read(JsonObject json) {
    String type = json.string("type");
    return switch (type) {
      case "Sequence" -> sequence(json);
      case "TemplateProcessing" -> template(json);
      case "BertProcessing" -> bert(json);
      case "RobertaProcessing" -> roberta(json);
      case "ByteLevel" -> byteLevel(json);
      default -> throw json.error("type", "is '" + type + "', which is not a known post-processor");
    };
  }

  /** Several steps, one behind the other. */
  private record Sequence(List<Finisher> steps) implements Finisher {
    @Override
    public List<Run> finish(List<Run> runs, boolean special) {
      List<Run> result = runs;
      for (Finisher step : steps) {
        result = step.finish(result, special);
      }
      return result;
    }

    @Override
    public int added(boolean pair) {
      return steps.stream().mapToInt(step -> step.added(pair)).sum();
    }
  }

  private Finisher sequence(JsonObject json) {
    Fields.only(json, "processors");
    List<Finisher> steps = Fields.objects(json, "processors").stream().map(this::read).toList();
    if (steps.stream().filter(step -> step.added(false) > 0 || step instanceof Template).count()
        > 1) {
      throw json.error(
          "processors", "has more than one step that adds special tokens, which is not supported");
    }
    return new Sequence(steps);
  }

  private Finisher byteLevel(JsonObject json) {
    Fields.only(json, "add_prefix_space", "trim_offsets", "use_regex");
    boolean trim = json.bool("trim_offsets", true);
    return trim ? new TrimmedOffsets(tokens, json.bool("add_prefix_space", true)) : none();
  }

  private static Finisher bert(JsonObject json) {
    Fields.only(json, "sep", "cls");
    return bert(special(json, "cls"), special(json, "sep"));
  }

  /** {@code [CLS] A [SEP]} and {@code [CLS] A [SEP] B [SEP]}, the second text with type id 1. */
  public static Finisher bert(int cls, int sep) {
    return new Template(
        List.of(
            new Part.Special(List.of(cls), 0),
            new Part.Text(0, 0),
            new Part.Special(List.of(sep), 0)),
        List.of(
            new Part.Special(List.of(cls), 0),
            new Part.Text(0, 0),
            new Part.Special(List.of(sep), 0),
            new Part.Text(1, 1),
            new Part.Special(List.of(sep), 1)));
  }

  private Finisher roberta(JsonObject json) {
    Fields.only(json, "sep", "cls", "trim_offsets", "add_prefix_space");
    Finisher template = roberta(special(json, "cls"), special(json, "sep"));
    if (!json.bool("trim_offsets", true)) {
      return template;
    }
    return new Sequence(
        List.of(new TrimmedOffsets(tokens, json.bool("add_prefix_space", true)), template));
  }

  /** {@code <s> A </s>} and {@code <s> A </s></s> B </s>}, all type ids 0. */
  public static Finisher roberta(int clsId, int sepId) {
    Part cls = new Part.Special(List.of(clsId), 0);
    Part sep = new Part.Special(List.of(sepId), 0);
    Part first = new Part.Text(0, 0);
    return new Template(
        List.of(cls, first, sep), List.of(cls, first, sep, sep, new Part.Text(1, 0), sep));
  }

  /** The id in {@code ["[SEP]", 102]}. */
  private static int special(JsonObject json, String key) {
    JsonArray pair = json.array(key);
    if (pair.size() != 2) {
      throw json.error(key, "has %d elements, expected a token and its id".formatted(pair.size()));
    }
    return pair.integer(1);
  }

  /**
   * Puts {@code before} in front of, and {@code after} behind every text, the second text with type
   * id {@code pairType}.
   */
  public static Finisher around(int[] before, int[] after, int pairType) {
    List<Part> single = List.of(special(before, 0), new Part.Text(0, 0), special(after, 0));
    List<Part> pair = new ArrayList<>(single);
    pair.addAll(
        List.of(special(before, pairType), new Part.Text(1, pairType), special(after, pairType)));
    return new Template(single, pair);
  }

  private static Part special(int[] ids, int typeId) {
    return new Part.Special(IntStream.of(ids).boxed().toList(), typeId);
  }

  private static Finisher template(JsonObject json) {
    Fields.only(json, "single", "pair", "special_tokens");
    JsonObject specials = json.findObject("special_tokens").orElse(JsonObject.empty());
    List<Part> single = parts(json, "single", specials, Set.of(0));
    List<Part> pair = parts(json, "pair", specials, Set.of(0, 1));
    return new Template(single, pair);
  }

  private static List<Part> parts(
      JsonObject json, String key, JsonObject specials, Set<Integer> texts) {
    List<JsonObject> pieces = Fields.objects(json, key);
    if (pieces.size() > MOST_PARTS) {
      throw json.error(key, "has %d parts, allowed are %d".formatted(pieces.size(), MOST_PARTS));
    }
    List<Part> parts = new ArrayList<>();
    for (JsonObject piece : pieces) {
      Part part = part(piece, specials);
      if (part instanceof Part.Text(int sequence, _) && !texts.contains(sequence)) {
        throw json.error(key, "names text B, but there is only A");
      }
      parts.add(part);
    }
    return parts;
  }

  private static Part part(JsonObject piece, JsonObject specials) {
    if (piece.values().size() != 1) {
      throw piece.error(
          "has keys " + piece.keys() + " in a template, expected either Sequence or SpecialToken");
    }
    Map.Entry<String, JsonValue> only = piece.values().entrySet().iterator().next();
    JsonObject body = piece.object(only.getKey());
    Fields.only(body, "id", "type_id");
    int typeId = body.integer("type_id");
    String id = body.string("id");
    return switch (only.getKey()) {
      case "Sequence" -> new Part.Text(textIndex(body, id), typeId);
      case "SpecialToken" -> new Part.Special(specialIds(specials, id), typeId);
      default ->
          throw piece.error(
              only.getKey(), "is not known in a template, expected Sequence or SpecialToken");
    };
  }

  private static int textIndex(JsonObject body, String id) {
    return switch (id) {
      case "A" -> 0;
      case "B" -> 1;
      default -> throw body.error("id", "is '" + id + "', expected A or B");
    };
  }

  private static List<Integer> specialIds(JsonObject specials, String id) {
    int[] ids = specials.object(id).array("ids").ints();
    if (ids.length > MOST_PARTS) {
      throw specials.error(id, "has %d ids, allowed are %d".formatted(ids.length, MOST_PARTS));
    }
    return IntStream.of(ids).boxed().toList();
  }
}
