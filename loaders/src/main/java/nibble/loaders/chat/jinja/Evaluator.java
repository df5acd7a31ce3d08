package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values of expressions. Errors name the line of the expression. */
final class Evaluator {
  private final Budget budget;
  private final Filters filters;

  Evaluator(Budget budget) {
    this.budget = budget;
    filters = new Filters(budget);
  }

  Object value(Expression expression, Scope scope) {
    budget.spend(1);
    try {
      return evaluate(expression, scope);
    } catch (JinjaException e) {
      throw withLine(expression.line(), e);
    }
  }

  private static JinjaException withLine(int line, JinjaException e) {
    String message = String.valueOf(e.getMessage());
    return message.startsWith("line ") ? e : JinjaException.at(line, message);
  }

  private Object evaluate(Expression expression, Scope scope) {
    return switch (expression) {
      case Expression.Literal(_, Object value) -> value;
      case Expression.Variable(_, String name) -> scope.get(name);
      case Expression.ListOf(_, var elements, boolean tuple) ->
          tuple ? new Tuple(values(elements, scope)) : values(elements, scope);
      case Expression.DictOf(_, var keys, var values) ->
          dict(values(keys, scope), values(values, scope));
      case Expression.Attribute(_, Expression object, String name) ->
          Methods.attribute(value(object, scope), name);
      case Expression.Item(_, Expression object, Expression index) ->
          item(value(object, scope), value(index, scope));
      case Expression.Slice(_, Expression object, var from, var to, var step) ->
          Operators.slice(
              value(object, scope),
              orNone(from, scope),
              orNone(to, scope),
              orNone(step, scope),
              budget);
      case Expression.Call(_, Expression function, var arguments) ->
          call(value(function, scope), arguments(arguments, scope));
      case Expression.Filter filter -> filter(filter, value(filter.value(), scope), scope);
      case Expression.Test(_, Expression value, String name, var arguments, boolean negated) ->
          Tests.test(name, value(value, scope), arguments(arguments, scope)) != negated;
      case Expression.Unary(_, String operator, Expression value) ->
          unary(operator, value(value, scope));
      case Expression.Binary binary -> binary(binary, scope);
      case Expression.Comparison comparison -> comparison(comparison, scope);
      case Expression.Conditional(_, Expression condition, Expression yes, var no) ->
          Values.isTrue(value(condition, scope))
              ? value(yes, scope)
              : no == null ? new Undefined("the other case of 'if'") : value(no, scope);
    };
  }

  private Object orNone(@Nullable Expression expression, Scope scope) {
    return expression == null ? None.NONE : value(expression, scope);
  }

  private List<Object> values(List<Expression> expressions, Scope scope) {
    List<Object> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(value(expression, scope));
    }
    return values;
  }

  private static Map<Object, Object> dict(List<Object> keys, List<Object> values) {
    Map<Object, Object> dict = new LinkedHashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      dict.put(Values.key(keys.get(i)), values.get(i));
    }
    return dict;
  }

  private static Object item(Object object, Object index) {
    if (object instanceof Undefined(String what)) {
      throw new JinjaException(
          "'" + what + "' is undefined and has no '" + Values.text(index) + "'");
    }
    Object found = Operators.item(object, index);
    return found instanceof Undefined
            && index instanceof String name
            && !(object instanceof Map<?, ?>)
        ? Methods.attribute(object, name)
        : found;
  }

  private Arguments arguments(List<Expression.Argument> given, Scope scope) {
    if (given.isEmpty()) {
      return Arguments.NONE;
    }
    List<Object> positional = new ArrayList<>();
    Map<String, Object> named = new LinkedHashMap<>();
    for (Expression.Argument argument : given) {
      Object value = value(argument.value(), scope);
      if (argument.name().isEmpty()) {
        positional.add(value);
      } else {
        named.put(argument.name(), value);
      }
    }
    return new Arguments(positional, named);
  }

  private Object call(Object function, Arguments arguments) {
    if (!(function instanceof Function callable)) {
      throw new JinjaException(Values.kind(function) + " cannot be called");
    }
    Object result = callable.call(arguments);
    budget.spend(
        result instanceof String text
            ? text.length() / 16
            : result instanceof List<?> list ? list.size() : 0);
    return result;
  }

  Object filter(Expression.Filter filter, Object value, Scope scope) {
    try {
      return filters.apply(filter.name(), value, arguments(filter.arguments(), scope));
    } catch (JinjaException e) {
      throw withLine(filter.line(), e);
    }
  }

  private static Object unary(String operator, Object value) {
    return switch (operator) {
      case "not" -> !Values.isTrue(value);
      case "-" -> Operators.negate(value);
      default -> Operators.negate(Operators.negate(value));
    };
  }

  private Object binary(Expression.Binary binary, Scope scope) {
    Object left = value(binary.left(), scope);
    return switch (binary.operator()) {
      case "and" -> Values.isTrue(left) ? value(binary.right(), scope) : left;
      case "or" -> Values.isTrue(left) ? left : value(binary.right(), scope);
      default -> Operators.binary(binary.operator(), left, value(binary.right(), scope), budget);
    };
  }

  private boolean comparison(Expression.Comparison comparison, Scope scope) {
    Object left = value(comparison.first(), scope);
    for (int i = 0; i < comparison.operators().size(); i++) {
      Object right = value(comparison.others().get(i), scope);
      budget.spend(size(left) + size(right));
      if (!compare(comparison.operators().get(i), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private static long size(Object value) {
    return value instanceof String text
        ? text.length() / 16
        : value instanceof List<?> list ? list.size() : 0;
  }

  private static boolean compare(String operator, Object left, Object right) {
    return switch (operator) {
      case "==" -> Values.equal(left, right);
      case "!=" -> !Values.equal(left, right);
      case "in" -> Values.contains(right, left);
      case "not in" -> !Values.contains(right, left);
      case "<" -> Values.compare(left, right) < 0;
      case "<=" -> Values.compare(left, right) <= 0;
      case ">" -> Values.compare(left, right) > 0;
      default -> Values.compare(left, right) >= 0;
    };
  }

  List<Object> elements(int line, Object value) {
    try {
      return Values.elements(value);
    } catch (JinjaException e) {
      throw withLine(line, e);
    }
  }

  /** The {@code count} elements of {@code value}. */
  List<Object> unpacked(int line, Object value, int count) {
    List<Object> values = elements(line, value);
    if (values.size() != count) {
      throw JinjaException.at(line, "found %d values for %d names".formatted(values.size(), count));
    }
    return values;
  }
}
