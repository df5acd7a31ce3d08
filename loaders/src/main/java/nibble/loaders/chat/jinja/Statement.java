package nibble.loaders.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a template does, one after the other. */
sealed interface Statement {
  /** Text as it stands. */
  record Data(String text) implements Statement {}

  /** {@code {{ value }}}. */
  record Output(Expression value) implements Statement {}

  /** {@code {% if %}} with all its branches; the last one may have no condition. */
  record If(List<Branch> branches) implements Statement {}

  /** A branch of an {@link If}. */
  record Branch(@Nullable Expression condition, List<Statement> body) {}

  /** {@code {% for targets in items if condition %}}. */
  record For(
      int line,
      List<String> targets,
      Expression items,
      @Nullable Expression condition,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  /** {@code {% set targets = value %}}. */
  record Set(int line, List<Target> targets, Expression value) implements Statement {}

  /** {@code {% set target %}...{% endset %}}; the filters' own value is the text. */
  record SetBlock(int line, Target target, List<Statement> body, List<Expression.Filter> filters)
      implements Statement {}

  /** A variable, or an attribute of a namespace. */
  record Target(String name, @Nullable String attribute) {}

  /** {@code {% macro name(parameters) %}}. */
  record Macro(
      int line,
      String name,
      List<String> parameters,
      List<Expression> defaults,
      List<Statement> body)
      implements Statement {}

  /** A body with variables of its own: {@code {% with %}}. */
  record With(List<String> names, List<Expression> values, List<Statement> body)
      implements Statement {}

  /** A body that changes nothing by itself: {@code {% generation %}}. */
  record Body(List<Statement> body) implements Statement {}

  /** {@code {% break %}}. */
  record Break() implements Statement {}

  /** {@code {% continue %}}. */
  record Continue() implements Statement {}
}
