package nibble.loaders.chat.jinja;

import java.util.List;
import java.util.Map;

/** A parsed template. Immutable: any thread may render it. */
public final class Template {
  private static final int LONGEST = 1_000_000;

  private final List<Statement> statements;

  private Template(List<Statement> statements) {
    this.statements = statements;
  }

  /**
   * Reads {@code source}.
   *
   * @throws JinjaException if it is not a template, or uses what is not supported
   */
  public static Template parse(String source) {
    if (source.length() > LONGEST) {
      throw new JinjaException(
          "the template has %d characters, allowed are %d".formatted(source.length(), LONGEST));
    }
    return new Template(List.copyOf(Parser.parse(source)));
  }

  /**
   * The text for these variables: {@link None}, {@link Boolean}, {@link Long}, {@link Double},
   * {@link String}, {@link List} and {@link Map} of the same, and {@link Function}.
   *
   * @throws JinjaException if the template raises an exception, does what values do not allow, or
   *     does too much
   */
  public String render(Map<String, Object> variables) {
    Scope globals = new Scope(null);
    Globals.define(globals);
    Scope scope = new Scope(globals);
    variables.forEach(scope::set);
    try {
      return new Interpreter().run(statements, scope);
    } catch (StackOverflowError _) {
      throw new JinjaException("the template nests too deeply");
    }
  }
}
