package nibble.loaders.tokenizer.sentencepiece;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.loaders.BadFileException;
import nibble.loaders.tokenizer.normalize.CharsMap;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.Kind;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.Normalizer;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.Piece;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel.PieceType;

/**
 * Reads {@code tokenizer.model}: the message {@code ModelProto} of {@code
 * sentencepiece_model.proto}, of which only fields that encoding needs are looked at. Hostile files
 * are refused: lengths are checked against what is there, numbers of tokens and their lengths are
 * limited.
 */
public final class SentencePieceFile {
  private static final long LARGEST = 256L << 20;
  private static final int MOST_PIECES = 2_000_000;
  private static final int LONGEST_PIECE = 2048;

  private final String source;
  private final List<Piece> pieces = new ArrayList<>();
  private int modelType = 1;
  private boolean byteFallback;
  private boolean spaceBehind;
  private int bos = 1;
  private int eos = 2;
  private int pad = -1;
  private CharsMap charsMap = CharsMap.EMPTY;
  private boolean dummyPrefix = true;
  private boolean removeExtraSpaces = true;
  private boolean escapeSpaces = true;

  private SentencePieceFile(String source) {
    this.source = source;
  }

  /**
   * The model in {@code file}.
   *
   * @throws BadFileException if it is missing, damaged, or of a kind other than Unigram and BPE
   */
  public static SentencePieceModel read(Path file) {
    try {
      long size = Files.size(file);
      if (size > LARGEST) {
        throw BadFileException.of(file, "has %d bytes, allowed are %d".formatted(size, LARGEST));
      }
      return parse(file.toString(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }

  /** The model in {@code bytes}; {@code source} names it in error messages. */
  public static SentencePieceModel parse(String source, byte[] bytes) {
    SentencePieceFile file = new SentencePieceFile(source);
    file.model(new WireReader(source, ByteBuffer.wrap(bytes)));
    return file.checked();
  }

  private void model(WireReader in) {
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1 -> piece(in.message("piece " + pieces.size()));
        case 2 -> trainer(in.message("trainer_spec"));
        case 3 -> normalizer(in.message("normalizer_spec"));
        default -> in.skip();
      }
    }
  }

  private void piece(WireReader in) {
    String text = "";
    float score = 0;
    int type = 1;
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1 -> text = in.string(LONGEST_PIECE);
        case 2 -> score = in.number();
        case 3 -> type = in.integer();
        default -> in.skip();
      }
    }
    if (pieces.size() >= MOST_PIECES) {
      throw in.error("is one of more than " + MOST_PIECES);
    }
    pieces.add(new Piece(text, score, type(in, type)));
  }

  private static PieceType type(WireReader in, int type) {
    return switch (type) {
      case 1 -> PieceType.NORMAL;
      case 2 -> PieceType.UNKNOWN;
      case 3 -> PieceType.CONTROL;
      case 4 -> PieceType.USER_DEFINED;
      case 5 -> PieceType.UNUSED;
      case 6 -> PieceType.BYTE;
      default -> throw in.error("has type " + type + ", expected 1 to 6");
    };
  }

  private void trainer(WireReader in) {
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 3 -> modelType = in.integer();
        case 24 -> spaceBehind = in.bool();
        case 35 -> byteFallback = in.bool();
        case 41 -> bos = in.integer();
        case 42 -> eos = in.integer();
        case 43 -> pad = in.integer();
        default -> in.skip();
      }
    }
  }

  private void normalizer(WireReader in) {
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 2 -> charsMap = charsMap(in);
        case 3 -> dummyPrefix = in.bool();
        case 4 -> removeExtraSpaces = in.bool();
        case 5 -> escapeSpaces = in.bool();
        default -> in.skip();
      }
    }
  }

  private static CharsMap charsMap(WireReader in) {
    byte[] blob = in.byteArray();
    return CharsMap.of(blob)
        .orElseThrow(
            () ->
                in.error(
                    "precompiled_charsmap has %d bytes that are not a whole map"
                        .formatted(blob.length)));
  }

  private SentencePieceModel checked() {
    if (pieces.isEmpty()) {
      throw new BadFileException(source + ": has no pieces; not a SentencePiece model");
    }
    Kind kind =
        switch (modelType) {
          case 1 -> Kind.UNIGRAM;
          case 2 -> Kind.BPE;
          default ->
              throw new BadFileException(
                  source + ": has model_type " + modelType + ", expected 1 (unigram) or 2 (bpe)");
        };
    int found = -1;
    for (int i = 0; i < pieces.size(); i++) {
      if (pieces.get(i).type() == PieceType.UNKNOWN) {
        if (found >= 0) {
          throw new BadFileException(
              source + ": has two unknown pieces, %d and %d".formatted(found, i));
        }
        found = i;
      } else if (pieces.get(i).text().isEmpty()) {
        throw new BadFileException(source + ": piece " + i + " is empty");
      } else if (pieces.get(i).type() == PieceType.UNUSED && kind == Kind.BPE) {
        throw new BadFileException(
            source + ": piece " + i + " is unused, which is not supported for bpe models");
      }
    }
    if (found < 0) {
      throw new BadFileException(source + ": has no unknown piece");
    }
    Normalizer normalizer = new Normalizer(charsMap, dummyPrefix, removeExtraSpaces, escapeSpaces);
    return new SentencePieceModel(
        pieces,
        kind,
        found,
        control(bos),
        control(eos),
        control(pad),
        byteFallback,
        spaceBehind,
        normalizer);
  }

  /**
   * {@code id} if it is a control token, else -1: the numbers stand in a model without such tokens
   * as well.
   */
  private int control(int id) {
    return id >= 0 && id < pieces.size() && pieces.get(id).type() == PieceType.CONTROL ? id : -1;
  }
}
