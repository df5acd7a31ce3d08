package nibble.loaders.tokenizer.sentencepiece;

import java.util.List;
import nibble.loaders.tokenizer.normalize.CharsMap;

/**
 * What a SentencePiece model consists of.
 *
 * @param pieces tokens by id
 * @param kind how text is cut into them
 * @param unknown id of the unknown token
 * @param bos id of the token for the begin of a text; -1: none
 * @param eos id of the token for the end of a text; -1: none
 * @param pad id of the padding token; -1: none
 * @param byteFallback whether characters without a token become byte tokens
 * @param spaceBehind whether spaces belong to the word before them
 * @param normalizer how text is changed first
 */
public record SentencePieceModel(
    List<Piece> pieces,
    Kind kind,
    int unknown,
    int bos,
    int eos,
    int pad,
    boolean byteFallback,
    boolean spaceBehind,
    Normalizer normalizer) {
  /** How text is cut into tokens. */
  public enum Kind {
    /** By scores of whole cuts. */
    UNIGRAM,
    /** By merging neighbours. */
    BPE
  }

  /** What a token is for. */
  public enum PieceType {
    /** Text. */
    NORMAL,
    /** Text that no token covers. */
    UNKNOWN,
    /** Not text, such as the end of one. */
    CONTROL,
    /** Text that is always one token. */
    USER_DEFINED,
    /** Not to be used. */
    UNUSED,
    /** One byte. */
    BYTE
  }

  /** A token with its score and type. */
  public record Piece(String text, float score, PieceType type) {}

  /**
   * How text is changed before it is cut.
   *
   * @param charsMap replacements of characters; may be empty
   * @param dummyPrefix whether a space is put in front
   * @param removeExtraSpaces whether spaces at the ends, and all but one of several, go
   * @param escapeSpaces whether spaces are written as U+2581
   */
  public record Normalizer(
      CharsMap charsMap, boolean dummyPrefix, boolean removeExtraSpaces, boolean escapeSpaces) {}

  public SentencePieceModel {
    pieces = List.copyOf(pieces);
  }
}
