package nibble.loaders.tokenizer.finish;

import java.util.List;

/** One step behind the model. Stateless: any thread may use it. */
public interface Finisher {
  /**
   * What becomes of {@code runs}, one for each text; they may be changed in place. Without {@code
   * special}, no token is added.
   */
  List<Run> finish(List<Run> runs, boolean special);

  /** Number of special tokens added to one text, or to a pair of them. */
  int added(boolean pair);
}
