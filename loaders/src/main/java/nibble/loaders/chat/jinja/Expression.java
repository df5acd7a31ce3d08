package nibble.loaders.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What has a value. Every kind knows its line, for messages. */
sealed interface Expression {
  int line();

  /** A constant. */
  record Literal(int line, Object value) implements Expression {}

  /** A variable. */
  record Variable(int line, String name) implements Expression {}

  /** A list or tuple. */
  record ListOf(int line, List<Expression> elements, boolean tuple) implements Expression {}

  /** A dict. */
  record DictOf(int line, List<Expression> keys, List<Expression> values) implements Expression {}

  /** {@code object.name}. */
  record Attribute(int line, Expression object, String name) implements Expression {}

  /** {@code object[index]}. */
  record Item(int line, Expression object, Expression index) implements Expression {}

  /** {@code object[from:to:step]}. */
  record Slice(
      int line,
      Expression object,
      @Nullable Expression from,
      @Nullable Expression to,
      @Nullable Expression step)
      implements Expression {}

  /** An argument of a call; {@code name} is empty if it has none. */
  record Argument(String name, Expression value) {}

  /** {@code function(arguments)}. */
  record Call(int line, Expression function, List<Argument> arguments) implements Expression {}

  /** {@code value|name(arguments)}. */
  record Filter(int line, Expression value, String name, List<Argument> arguments)
      implements Expression {}

  /** {@code value is name(arguments)}. */
  record Test(int line, Expression value, String name, List<Argument> arguments, boolean negated)
      implements Expression {}

  /** {@code -value}, {@code +value} or {@code not value}. */
  record Unary(int line, String operator, Expression value) implements Expression {}

  /** Arithmetic, {@code ~}, {@code and}, {@code or}. */
  record Binary(int line, String operator, Expression left, Expression right)
      implements Expression {}

  /** {@code first < second <= third}. */
  record Comparison(int line, Expression first, List<String> operators, List<Expression> others)
      implements Expression {}

  /** {@code yes if condition else no}. */
  record Conditional(int line, Expression condition, Expression yes, @Nullable Expression no)
      implements Expression {}
}
