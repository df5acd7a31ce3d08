package nibble.loaders.tokenizer.sentencepiece;

import java.util.List;
import nibble.loaders.tokenizer.core.CharTrie;
import nibble.loaders.tokenizer.core.Chars;
import nibble.loaders.tokenizer.decode.Decoders;
import nibble.loaders.tokenizer.decode.TokenDecoder;
import nibble.loaders.tokenizer.model.TokenModel;
import nibble.loaders.tokenizer.model.Unigram;
import nibble.loaders.tokenizer.model.Unknown;
import nibble.loaders.tokenizer.model.Vocabulary;
import nibble.loaders.tokenizer.normalize.TextNormalizer;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.Kind;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.Piece;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.PieceType;

/** The steps of a tokenizer that a SentencePiece model describes. */
public final class SentencePieces {
  private final String source;
  private final SentencePieceModel model;
  private final Vocabulary vocabulary;
  private final CharTrie userDefined;

  /** Steps for {@code model}; {@code source} names it in error messages. */
  public SentencePieces(String source, SentencePieceModel model) {
    this.source = source;
    this.model = model;
    vocabulary = Vocabulary.of(model.pieces().stream().map(Piece::text).toList());
    userDefined = new CharTrie(16);
    for (int id = 0; id < model.pieces().size(); id++) {
      if (model.pieces().get(id).type() == PieceType.USER_DEFINED) {
        userDefined.put(model.pieces().get(id).text(), id);
      }
    }
  }

  /** How text is changed first. */
  public TextNormalizer normalizer() {
    return new SpaceNormalizer(model.normalizer(), userDefined, model.spaceBehind());
  }

  /** How it is cut into tokens. */
  public TokenModel tokenModel() {
    return model.kind() == Kind.BPE
        ? new SentencePieceBpe(source, model, vocabulary, userDefined)
        : unigram();
  }

  private TokenModel unigram() {
    List<Piece> pieces = model.pieces();
    float smallest = Float.MAX_VALUE;
    float largest =
        Float.MIN_NORMAL; // as SentencePiece has it: where all scores are negative, user-defined
    // tokens get about -0.1
    for (Piece piece : pieces) {
      if (piece.type() == PieceType.NORMAL) {
        smallest = Math.min(smallest, piece.score());
        largest = Math.max(largest, piece.score());
      }
    }
    double[] scores = new double[pieces.size()];
    boolean[] matched = new boolean[pieces.size()];
    for (int id = 0; id < scores.length; id++) {
      Piece piece = pieces.get(id);
      matched[id] = piece.type() == PieceType.NORMAL || piece.type() == PieceType.USER_DEFINED;
      scores[id] =
          piece.type() == PieceType.USER_DEFINED
              ? utf8Length(piece.text()) * largest - 0.1
              : piece.score();
    }
    return new Unigram(
        vocabulary,
        scores,
        matched,
        Unknown.token(model.unknown()),
        model.byteFallback(),
        smallest,
        true);
  }

  private static int utf8Length(String text) {
    return text.codePoints().map(Chars::utf8Length).sum();
  }

  /** How tokens become text again. */
  public TokenDecoder decoder() {
    return Decoders.sentencePiece(
        SpaceNormalizer.SPACE,
        model.normalizer().dummyPrefix(),
        model.normalizer().removeExtraSpaces());
  }
}
