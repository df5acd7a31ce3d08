package nibble.loaders.chat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import nibble.loaders.BadFileException;
import nibble.loaders.chat.jinja.Function;
import nibble.loaders.chat.jinja.JinjaException;
import nibble.loaders.chat.jinja.None;
import nibble.loaders.chat.jinja.Template;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.tokenizer.TokenizerConfig;

/**
 * The chat template of a model: a Jinja template that writes a conversation as the model was
 * trained on it. Rendered as transformers does, with {@code trim_blocks}, {@code lstrip_blocks},
 * {@code raise_exception} and {@code strftime_now}; docs/tokenizers.md lists what of Jinja is
 * known. Immutable: any thread may use it.
 *
 * <p>Templates come with a model and are not trusted: they can only make text, and a template that
 * does too much work or writes too much is stopped.
 */
public final class ChatTemplate {
  /** The name of the template that is used where none is asked for. */
  public static final String DEFAULT = "default";

  private static final long LARGEST = 4_000_000;

  private final String source;
  private final Template template;
  private final TokenizerConfig config;

  private ChatTemplate(String source, Template template, TokenizerConfig config) {
    this.source = source;
    this.template = template;
    this.config = config;
  }

  /** The default template in {@code folder}; see {@link #load(Path, String)}. */
  public static Optional<ChatTemplate> load(Path folder) {
    return load(folder, DEFAULT);
  }

  /**
   * The template called {@code name} in {@code folder}: {@code chat_template.jinja} (the default
   * one), {@code additional_chat_templates/<name>.jinja}, or {@code chat_template} in {@code
   * tokenizer_config.json}, a string or a list of named templates. Empty if there is none.
   *
   * @throws BadFileException if a file is damaged, or the template uses what is not supported; the
   *     message names line and construct
   */
  public static Optional<ChatTemplate> load(Path folder, String name) {
    TokenizerConfig config = TokenizerConfig.read(folder);
    Path file =
        name.equals(DEFAULT)
            ? folder.resolve("chat_template.jinja")
            : folder.resolve("additional_chat_templates").resolve(name + ".jinja");
    if (Files.exists(file)) {
      return Optional.of(of(file.toString(), text(file), config));
    }
    String source = folder.resolve("tokenizer_config.json") + ": key 'chat_template'";
    return embedded(config.config(), name).map(text -> of(source, text, config));
  }

  private static String text(Path file) {
    try {
      if (Files.size(file) > LARGEST) {
        throw BadFileException.of(
            file, "has %d bytes, allowed are %d".formatted(Files.size(file), LARGEST));
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }

  private static Optional<String> embedded(JsonObject config, String name) {
    JsonValue value = config.find("chat_template").orElse(null);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof JsonString(String text)) {
      return name.equals(DEFAULT) ? Optional.of(text) : Optional.empty();
    }
    JsonArray named = config.array("chat_template");
    for (int i = 0; i < named.size(); i++) {
      if (named.object(i).string("name").equals(name)) {
        return Optional.of(named.object(i).string("template"));
      }
    }
    return Optional.empty();
  }

  /**
   * The template that {@code text} is; {@code source} names it in error messages, {@code config}
   * names special tokens.
   *
   * @throws BadFileException if it uses what is not supported
   */
  public static ChatTemplate of(String source, String text, TokenizerConfig config) {
    try {
      return new ChatTemplate(source, Template.parse(text), config);
    } catch (JinjaException e) {
      throw new BadFileException(source + ": chat template, " + e.getMessage(), e);
    }
  }

  /** A message of {@code role}, such as {@code system}, {@code user} or {@code assistant}. */
  public static JsonObject message(String role, String content) {
    return JsonObject.builder().put("role", role).put("content", content).build();
  }

  /**
   * The prompt for {@code messages}, objects with {@code role}, {@code content} and whatever else
   * the template knows.
   *
   * @throws IllegalArgumentException if the template refuses the messages, or cannot be run with
   *     them; the message says why and names the line
   */
  public String render(JsonArray messages, ChatOptions options) {
    Map<String, Object> variables = new LinkedHashMap<>();
    variables.put("tools", None.NONE);
    variables.put("documents", None.NONE);
    config.roles().forEach(variables::put);
    variables.put(
        "strftime_now",
        (Function) arguments -> Strftime.format(options.now(), arguments.string(0)));
    variables.put("add_generation_prompt", options.addGenerationPrompt());
    variables.put("messages", JsonValues.list(messages));
    variables.putAll(JsonValues.dict(options.variables()));
    try {
      return template.render(variables);
    } catch (JinjaException e) {
      throw new IllegalArgumentException(source + ": chat template, " + e.getMessage(), e);
    }
  }
}
