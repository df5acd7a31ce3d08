package nibble.cli.quantization;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Reasons;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.nn.TokenIds;
import nibble.nn.evaluation.TokenWindows;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Tensor;

/**
 * Text that a method may look at: a plain text, or JSON lines, each a string or an object like
 * {@code {"text": "..."}}.
 *
 * @param texts at least one; of a plain text its lines that are not blank
 */
public record TextCalibration(List<String> texts) {
  private static final String JSON_LINES = ".jsonl";

  public TextCalibration {
    texts = List.copyOf(texts);
  }

  /** The texts in {@code file}. */
  public static TextCalibration read(Path file) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw CommandFailure.failed(file + ": cannot be read as UTF-8 text: " + Reasons.of(e));
    }
    boolean json = file.toString().endsWith(JSON_LINES);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (!line.isBlank()) {
        texts.add(json ? text(file, i + 1, line) : line);
      }
    }
    if (texts.isEmpty()) {
      throw CommandFailure.failed(file + ": holds no text to calibrate with");
    }
    return new TextCalibration(texts);
  }

  private static String text(Path file, int number, String line) {
    String place = file + ": line " + number;
    JsonValue value = Json.parse(place, line);
    return switch (value) {
      case JsonString string -> string.value();
      case JsonObject object -> object.string("text");
      default ->
          throw CommandFailure.failed(
              place
                  + " is "
                  + value.kind()
                  + ", expected a string or an object with the key 'text'");
    };
  }

  /**
   * {@code count} windows of {@code window} tokens at random places of the whole text, for a model
   * that predicts the next token.
   */
  public Calibration windows(Tokenizer tokenizer, int window, int count, long seed) {
    int[] ids =
        tokenizer
            .encode(
                String.join("\n", texts),
                EncodeOptions.DEFAULTS.withAddSpecial(false).withMatchSpecial(false))
            .ids();
    return of(TokenWindows.random(ids, window, count, new Random(seed)));
  }

  /**
   * {@code count} of the texts at equal distances, each with special tokens and cut off after
   * {@code window} tokens, for a text encoder.
   */
  public Calibration sentences(Tokenizer tokenizer, int window, int count) {
    int used = Math.min(count, texts.size());
    List<Tensor> inputs = new ArrayList<>();
    for (int i = 0; i < used; i++) {
      String text = texts.get((int) ((long) i * texts.size() / used));
      inputs.add(
          TokenIds.tensor(
              tokenizer
                  .encode(
                      text, EncodeOptions.DEFAULTS.withMatchSpecial(false).withMaxLength(window))
                  .ids()));
    }
    return of(inputs);
  }

  private static Calibration of(List<Tensor> inputs) {
    MessageDigest digest = Calibration.sha256();
    for (Tensor ids : inputs) {
      float[] values = ids.toFloats(); // ids are far below 2^24
      ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values) {
        bytes.putInt((int) value);
      }
      digest.update(bytes.flip());
    }
    return new Calibration(
        SampleSource.of(inputs.stream().map(Samples::unlabelled).toList()),
        HexFormat.of().formatHex(digest.digest()));
  }
}
