package nibble.loaders.tokenizer.finish;

import java.util.List;

/**
 * Puts special tokens around and between texts: {@code [CLS] A [SEP] B [SEP]}.
 *
 * @param single for one text
 * @param pair for two
 */
record Template(List<Part> single, List<Part> pair) implements Finisher {
  /** A part of a template; all of its tokens get one type id. */
  sealed interface Part {
    /** Text 0 or 1. */
    record Text(int sequence, int typeId) implements Part {}

    /** Special tokens. */
    record Special(List<Integer> ids, int typeId) implements Part {}
  }

  Template {
    single = List.copyOf(single);
    pair = List.copyOf(pair);
  }

  @Override
  public List<Run> finish(List<Run> runs, boolean special) {
    Run result = new Run("", runs.stream().mapToInt(Run::size).sum() + 4);
    for (Part part : runs.size() == 1 ? single : pair) {
      switch (part) {
        case Part.Text(int sequence, int typeId) -> {
          Run run = runs.get(sequence);
          run.setTypeIds(typeId);
          result.addAll(run, 0, run.size());
        }
        case Part.Special(List<Integer> ids, int typeId) -> {
          if (special) {
            ids.forEach(id -> result.addSpecial(id, typeId));
          }
        }
      }
    }
    return List.of(result);
  }

  @Override
  public int added(boolean pair) {
    return (pair ? this.pair : single)
        .stream().mapToInt(part -> part instanceof Part.Special(var ids, _) ? ids.size() : 0).sum();
  }
}
