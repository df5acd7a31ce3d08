package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import nibble.loaders.chat.jinja.Expression.Argument;
import nibble.loaders.chat.jinja.Token.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Reads expressions, with the precedence of Jinja: filters and tests bind tighter than operators.
 */
final class ExpressionParser {
  private static final int DEEPEST = 100;
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<Kind> ARGUMENT_STARTS =
      Set.of(Kind.NAME, Kind.STRING, Kind.INTEGER, Kind.FLOAT);

  private final TokenCursor tokens;
  private int depth;

  ExpressionParser(TokenCursor tokens) {
    this.tokens = tokens;
  }

  /** An expression, or several with commas between them as a tuple. */
  Expression tuple() {
    return tuple(true);
  }

  /** The same, where {@code if} belongs to the statement around it. */
  Expression tupleWithoutCondition() {
    return tuple(false);
  }

  private Expression tuple(boolean conditional) {
    int line = tokens.peek().line();
    Expression first = conditional ? expression() : or();
    if (!tokens.peek().is(Kind.OPERATOR, ",")) {
      return first;
    }
    List<Expression> elements = new ArrayList<>(List.of(first));
    while (tokens.accept(Kind.OPERATOR, ",")) {
      if (endsTuple()) {
        break;
      }
      elements.add(conditional ? expression() : or());
    }
    return new Expression.ListOf(line, elements, true);
  }

  private boolean endsTuple() {
    Kind kind = tokens.peek().kind();
    return kind == Kind.VARIABLE_END
        || kind == Kind.BLOCK_END
        || tokens.peek().is(Kind.OPERATOR, ")");
  }

  Expression expression() {
    if (++depth > DEEPEST) {
      throw JinjaException.at(
          tokens.peek().line(), "an expression with more than " + DEEPEST + " levels");
    }
    Expression value = or();
    while (tokens.peek().is(Kind.NAME, "if")) {
      int line = tokens.next().line();
      Expression condition = or();
      @Nullable Expression otherwise = tokens.accept(Kind.NAME, "else") ? expression() : null;
      value = new Expression.Conditional(line, condition, value, otherwise);
    }
    depth--;
    return value;
  }

  private Expression or() {
    Expression left = and();
    while (tokens.peek().is(Kind.NAME, "or")) {
      left = new Expression.Binary(tokens.next().line(), "or", left, and());
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.peek().is(Kind.NAME, "and")) {
      left = new Expression.Binary(tokens.next().line(), "and", left, not());
    }
    return left;
  }

  private Expression not() {
    if (!tokens.peek().is(Kind.NAME, "not")) {
      return comparison();
    }
    int line = tokens.next().line();
    enter();
    Expression value = not();
    depth--;
    return new Expression.Unary(line, "not", value);
  }

  private void enter() {
    if (++depth > DEEPEST) {
      throw JinjaException.at(
          tokens.peek().line(), "an expression with more than " + DEEPEST + " levels");
    }
  }

  private Expression comparison() {
    int line = tokens.peek().line();
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> others = new ArrayList<>();
    for (String operator = comparator(); !operator.isEmpty(); operator = comparator()) {
      operators.add(operator);
      others.add(sum());
    }
    return operators.isEmpty() ? first : new Expression.Comparison(line, first, operators, others);
  }

  /** The comparison that comes next, passed over; empty if none does. */
  private String comparator() {
    Token token = tokens.peek();
    if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
      return tokens.next().text();
    }
    if (tokens.accept(Kind.NAME, "in")) {
      return "in";
    }
    if (token.is(Kind.NAME, "not") && tokens.peekNext().is(Kind.NAME, "in")) {
      tokens.next();
      tokens.next();
      return "not in";
    }
    return "";
  }

  private Expression sum() {
    Expression left = concatenation();
    while (tokens.peek().is(Kind.OPERATOR, "+") || tokens.peek().is(Kind.OPERATOR, "-")) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.line(), operator.text(), left, concatenation());
    }
    return left;
  }

  private Expression concatenation() {
    Expression left = product();
    while (tokens.peek().is(Kind.OPERATOR, "~")) {
      left = new Expression.Binary(tokens.next().line(), "~", left, product());
    }
    return left;
  }

  private Expression product() {
    Expression left = power();
    while (tokens.peek().kind() == Kind.OPERATOR
        && Set.of("*", "/", "//", "%").contains(tokens.peek().text())) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.line(), operator.text(), left, power());
    }
    return left;
  }

  private Expression power() {
    Expression left = unary(true);
    while (tokens.peek().is(Kind.OPERATOR, "**")) {
      left = new Expression.Binary(tokens.next().line(), "**", left, unary(true));
    }
    return left;
  }

  private Expression unary(boolean filters) {
    Token token = tokens.peek();
    Expression value;
    if (token.is(Kind.OPERATOR, "-") || token.is(Kind.OPERATOR, "+")) {
      tokens.next();
      enter();
      value = new Expression.Unary(token.line(), token.text(), unary(false));
      depth--;
    } else {
      value = postfix(primary());
    }
    return filters ? filtered(value) : value;
  }

  private Expression primary() {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case NAME -> named(tokens.name(), token.line());
      case STRING -> new Expression.Literal(token.line(), strings());
      case INTEGER -> new Expression.Literal(token.line(), integer(tokens.next()));
      case FLOAT -> new Expression.Literal(token.line(), Double.parseDouble(tokens.next().text()));
      case OPERATOR -> enclosed(token);
      default -> throw tokens.unexpected("an expression");
    };
  }

  private static Expression named(String name, int line) {
    return switch (name) {
      case "true", "True" -> new Expression.Literal(line, true);
      case "false", "False" -> new Expression.Literal(line, false);
      case "none", "None" -> new Expression.Literal(line, None.NONE);
      default -> new Expression.Variable(line, name);
    };
  }

  private static long integer(Token token) {
    try {
      return Long.parseLong(token.text());
    } catch (NumberFormatException _) {
      throw JinjaException.at(
          token.line(), "the integer " + token.text() + " has more than 64 bits");
    }
  }

  /** String literals that stand side by side are one. */
  private String strings() {
    StringBuilder text = new StringBuilder();
    while (tokens.peek().kind() == Kind.STRING) {
      text.append(tokens.next().text());
    }
    return text.toString();
  }

  private Expression enclosed(Token open) {
    return switch (open.text()) {
      case "(" -> parentheses(open.line());
      case "[" -> {
        tokens.next();
        yield new Expression.ListOf(open.line(), elements("]"), false);
      }
      case "{" -> dict(open.line());
      default -> throw tokens.unexpected("an expression");
    };
  }

  private Expression parentheses(int line) {
    tokens.next();
    if (tokens.accept(Kind.OPERATOR, ")")) {
      return new Expression.ListOf(line, List.of(), true);
    }
    Expression inside = tuple();
    tokens.expect(Kind.OPERATOR, ")");
    return inside;
  }

  private List<Expression> elements(String close) {
    List<Expression> elements = new ArrayList<>();
    while (!tokens.accept(Kind.OPERATOR, close)) {
      elements.add(expression());
      if (!tokens.peek().is(Kind.OPERATOR, close)) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    return elements;
  }

  private Expression dict(int line) {
    tokens.next();
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.accept(Kind.OPERATOR, "}")) {
      keys.add(expression());
      tokens.expect(Kind.OPERATOR, ":");
      values.add(expression());
      if (!tokens.peek().is(Kind.OPERATOR, "}")) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    return new Expression.DictOf(line, keys, values);
  }

  private Expression postfix(Expression value) {
    Expression result = value;
    while (tokens.peek().kind() == Kind.OPERATOR) {
      int line = tokens.peek().line();
      if (tokens.accept(Kind.OPERATOR, ".")) {
        Token name = tokens.next();
        if (name.kind() != Kind.NAME && name.kind() != Kind.INTEGER) {
          throw JinjaException.at(
              line, "found " + name.description() + ", expected a name behind '.'");
        }
        result =
            name.kind() == Kind.NAME
                ? new Expression.Attribute(line, result, name.text())
                : new Expression.Item(line, result, new Expression.Literal(line, integer(name)));
      } else if (tokens.accept(Kind.OPERATOR, "[")) {
        result = subscript(line, result);
      } else if (tokens.accept(Kind.OPERATOR, "(")) {
        result = new Expression.Call(line, result, arguments());
      } else {
        break;
      }
    }
    return result;
  }

  private Expression subscript(int line, Expression object) {
    @Nullable Expression from = tokens.peek().is(Kind.OPERATOR, ":") ? null : expression();
    if (from != null && tokens.accept(Kind.OPERATOR, "]")) {
      return new Expression.Item(line, object, from);
    }
    tokens.expect(Kind.OPERATOR, ":");
    @Nullable Expression to = boundary();
    @Nullable Expression step = tokens.accept(Kind.OPERATOR, ":") ? boundary() : null;
    tokens.expect(Kind.OPERATOR, "]");
    return new Expression.Slice(line, object, from, to, step);
  }

  private @Nullable Expression boundary() {
    return tokens.peek().is(Kind.OPERATOR, ":") || tokens.peek().is(Kind.OPERATOR, "]")
        ? null
        : expression();
  }

  /** Arguments behind an opening parenthesis, up to the closing one. */
  private List<Argument> arguments() {
    List<Argument> arguments = new ArrayList<>();
    while (!tokens.accept(Kind.OPERATOR, ")")) {
      boolean named = tokens.peek().kind() == Kind.NAME && tokens.peekNext().is(Kind.OPERATOR, "=");
      String name = named ? tokens.name() : "";
      if (named) {
        tokens.next();
      } else if (tokens.peek().is(Kind.OPERATOR, "*") || tokens.peek().is(Kind.OPERATOR, "**")) {
        throw JinjaException.at(tokens.peek().line(), "'*' and '**' arguments are not supported");
      }
      arguments.add(new Argument(name, expression()));
      if (!tokens.peek().is(Kind.OPERATOR, ")")) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    return arguments;
  }

  private Expression filtered(Expression value) {
    Expression result = value;
    while (true) {
      Token token = tokens.peek();
      if (token.is(Kind.OPERATOR, "|")) {
        tokens.next();
        result = filter(result);
      } else if (token.is(Kind.NAME, "is")) {
        tokens.next();
        result = test(result);
      } else if (token.is(Kind.OPERATOR, "(")) {
        tokens.next();
        result = new Expression.Call(token.line(), result, arguments());
      } else {
        return result;
      }
    }
  }

  private Expression.Filter filter(Expression value) {
    int line = tokens.peek().line();
    String name = tokens.name();
    if (!Filters.exists(name)) {
      throw JinjaException.at(line, "the filter '" + name + "' is not supported");
    }
    return new Expression.Filter(
        line, value, name, tokens.accept(Kind.OPERATOR, "(") ? arguments() : List.of());
  }

  /** Filters that come next, the first without a value of its own. */
  List<Expression.Filter> filters() {
    List<Expression.Filter> filters = new ArrayList<>();
    while (tokens.accept(Kind.OPERATOR, "|")) {
      filters.add(filter(new Expression.Literal(tokens.peek().line(), "")));
    }
    return filters;
  }

  private Expression test(Expression value) {
    int line = tokens.peek().line();
    boolean negated = tokens.accept(Kind.NAME, "not");
    Token name = tokens.next();
    if (name.kind() != Kind.NAME || !Tests.exists(name.text())) {
      throw JinjaException.at(line, "the test " + name.description() + " is not supported");
    }
    List<Argument> arguments = List.of();
    if (tokens.accept(Kind.OPERATOR, "(")) {
      arguments = arguments();
    } else if (startsArgument()) {
      arguments = List.of(new Argument("", postfix(primary())));
    }
    return new Expression.Test(line, value, name.text(), arguments, negated);
  }

  private boolean startsArgument() {
    Token token = tokens.peek();
    if (token.kind() == Kind.NAME) {
      return !Set.of("else", "or", "and", "is", "if", "in", "not").contains(token.text());
    }
    return ARGUMENT_STARTS.contains(token.kind())
        || token.is(Kind.OPERATOR, "[")
        || token.is(Kind.OPERATOR, "{");
  }
}
