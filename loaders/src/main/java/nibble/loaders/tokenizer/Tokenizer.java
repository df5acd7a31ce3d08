package nibble.loaders.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.core.Chars;
import nibble.loaders.tokenizer.core.Piece;
import nibble.loaders.tokenizer.core.TokenList;
import nibble.loaders.tokenizer.finish.Run;

/**
 * Text to token ids and back. Immutable in all that can be seen: any thread may use it. {@link
 * Tokenizers} makes one from files.
 *
 * <p>Half a surrogate pair, which no UTF-8 text can hold, is taken for U+FFFD. Time is linear in
 * the length of the text, or n log n where a BPE model gets it in one piece.
 */
public final class Tokenizer {
  private final Pipeline pipeline;
  private final TokenizerDefaults defaults;

  Tokenizer(Pipeline pipeline, TokenizerDefaults defaults) {
    this.pipeline = pipeline;
    this.defaults = defaults;
  }

  /** The tokens of {@code text} with special tokens around it, of any length. */
  public Encoding encode(String text) {
    return encode(text, EncodeOptions.DEFAULTS);
  }

  /**
   * The tokens of {@code text}.
   *
   * @throws IllegalArgumentException if the truncation leaves no room for the special tokens, or
   *     asks to shorten a second text
   * @throws nibble.loaders.BadFileException if a regular expression of the tokenizer's file takes
   *     too many steps on this text, or the text needs an unknown token that the file does not have
   */
  public Encoding encode(String text, EncodeOptions options) {
    return encoding(List.of(text), options);
  }

  /** The tokens of a pair of texts; see {@link #encode(String, EncodeOptions)} for errors. */
  public Encoding encode(String first, String second, EncodeOptions options) {
    return encoding(List.of(first, second), options);
  }

  /**
   * The tokens of several texts, filled up to one length; see {@link #encode(String,
   * EncodeOptions)} for errors.
   */
  public List<Encoding> encode(List<String> texts, EncodeOptions options, Padding padding) {
    return pad(texts.stream().map(text -> encode(text, options)).toList(), padding);
  }

  /**
   * {@code encodings} filled up to one length. Those that are longer than {@link Padding#length}
   * stay as they are.
   */
  public static List<Encoding> pad(List<Encoding> encodings, Padding padding) {
    int length = padding.lengthFor(encodings.stream().mapToInt(Encoding::length).max().orElse(0));
    return encodings.stream().map(encoding -> encoding.padded(padding, length)).toList();
  }

  private Encoding encoding(List<String> texts, EncodeOptions options) {
    Truncation truncation = options.truncation();
    int added = options.addSpecial() ? pipeline.finisher().added(texts.size() == 2) : 0;
    int room = truncation == null ? Integer.MAX_VALUE : Cut.room(truncation, added);
    int most = truncation != null && truncation.side() == Side.RIGHT ? room : Integer.MAX_VALUE;
    List<TokenList> tokens =
        texts.stream().map(text -> tokens(text, options.matchSpecial(), most)).toList();
    List<TokenList> cut = truncation == null ? tokens : Cut.to(room, truncation, tokens);
    List<Run> runs = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      runs.add(Run.of(texts.get(i), cut.get(i), i));
    }
    return Encoding.of(
        Run.joined(pipeline.finisher().finish(runs, options.addSpecial())), this::spelling);
  }

  /** All tokens of {@code text}; may stop once there are {@code most}. */
  private TokenList tokens(String text, boolean special, int most) {
    TokenList tokens = new TokenList(Math.min(text.length() / 3 + 8, 1 << 20));
    for (Piece piece :
        pipeline.added().split(AlignedText.of(Chars.withoutLoneSurrogates(text)), special)) {
      if (piece.isToken()) {
        add(piece, tokens);
      } else {
        AlignedText normalized = pipeline.normalizer().apply(piece.text());
        for (Piece part : pipeline.added().splitNormalized(normalized, special)) {
          if (part.isToken()) {
            add(part, tokens);
          } else {
            tokenize(part.text(), tokens, most);
          }
        }
      }
      if (tokens.size() >= most) {
        break;
      }
    }
    return tokens;
  }

  private static void add(Piece piece, TokenList tokens) {
    tokens.add(piece.token(), piece.text().start(0), piece.text().end(piece.text().length() - 1));
  }

  private void tokenize(AlignedText text, TokenList tokens, int most) {
    List<AlignedText> parts = new ArrayList<>();
    pipeline.splitter().split(text, parts);
    for (AlignedText part : parts) {
      pipeline.model().tokenize(part, tokens);
      if (tokens.size() >= most) {
        return;
      }
    }
  }

  /**
   * The text that {@code ids} stand for; ids that are no tokens are left out. What is not UTF-8
   * when put together becomes U+FFFD.
   *
   * @param skipSpecial whether special tokens are left out
   */
  public String decode(int[] ids, boolean skipSpecial) {
    List<String> tokens = new ArrayList<>(ids.length);
    for (int id : ids) {
      AddedToken added = pipeline.added().byId(id);
      String token = added == null ? pipeline.model().vocabulary().token(id) : added.content();
      if (token != null && !(skipSpecial && added != null && added.special())) {
        tokens.add(token);
      }
    }
    return tokens.isEmpty() ? "" : String.join("", pipeline.decoder().decode(tokens));
  }

  /** A decoder for tokens that come one by one; for one thread. */
  public TextStream stream(boolean skipSpecial) {
    return new TextStream(this, skipSpecial);
  }

  /** Number of different tokens, added ones included. */
  public int vocabularySize() {
    int size = pipeline.model().vocabulary().size();
    for (AddedToken token : pipeline.added().all()) {
      size += pipeline.model().vocabulary().id(token.content()) < 0 ? 1 : 0;
    }
    return size;
  }

  /** The id of the token written {@code token} in the vocabulary; empty if there is none. */
  public OptionalInt id(String token) {
    int added = pipeline.added().id(token);
    int id = added < 0 ? pipeline.model().vocabulary().id(token) : added;
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** How the token {@code id} is written in the vocabulary; empty if there is none. */
  public Optional<String> token(int id) {
    AddedToken added = pipeline.added().byId(id);
    return Optional.ofNullable(
        added == null ? pipeline.model().vocabulary().token(id) : added.content());
  }

  private String spelling(int id) {
    return token(id).orElse("");
  }

  /** Whether decoding may skip the token {@code id}. */
  public boolean isSpecial(int id) {
    AddedToken added = pipeline.added().byId(id);
    return added != null && added.special();
  }

  /** The tokens that are looked for in the text before the model sees it. */
  public List<AddedToken> addedTokens() {
    return pipeline.added().all();
  }

  /** The tokens with a role. */
  public SpecialTokens special() {
    return defaults.special();
  }

  /** The truncation that the files name; {@code encode} does not apply it by itself. */
  public Optional<Truncation> truncation() {
    return Optional.ofNullable(defaults.truncation());
  }

  /**
   * The padding that the files name, else one with the padding token on the side that they name;
   * empty if there is no padding token.
   */
  public Optional<Padding> padding() {
    return Optional.ofNullable(defaults.padding());
  }

  /**
   * Most tokens that the model takes, from {@code model_max_length}; empty if the files name none.
   */
  public OptionalInt maxLength() {
    return defaults.maxLength();
  }
}
