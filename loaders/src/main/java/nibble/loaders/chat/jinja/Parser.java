package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import nibble.loaders.chat.jinja.Statement.Target;
import nibble.loaders.chat.jinja.Token.Kind;
import org.jspecify.annotations.Nullable;

/** Reads statements. What is not known is refused with its line. */
final class Parser {
  private static final int DEEPEST = 100;

  private final TokenCursor tokens;
  private final ExpressionParser expressions;
  private int depth;
  private int loops;

  private Parser(List<Token> tokens) {
    this.tokens = new TokenCursor(tokens);
    expressions = new ExpressionParser(this.tokens);
  }

  static List<Statement> parse(String source) {
    Parser parser = new Parser(Lexer.tokens(source));
    List<Statement> statements = parser.body(Set.of());
    if (parser.tokens.peek().kind() != Kind.END) {
      throw parser.tokens.unexpected("text or a statement");
    }
    return statements;
  }

  /**
   * Statements up to a block that begins with one of {@code ends}, which is left to be read next.
   */
  private List<Statement> body(Set<String> ends) {
    if (++depth > DEEPEST) {
      throw JinjaException.at(tokens.peek().line(), "more than " + DEEPEST + " nested blocks");
    }
    List<Statement> statements = new ArrayList<>();
    while (tokens.peek().kind() != Kind.END) {
      Token token = tokens.next();
      switch (token.kind()) {
        case DATA -> statements.add(new Statement.Data(token.text()));
        case VARIABLE_BEGIN -> {
          statements.add(new Statement.Output(expressions.tuple()));
          tokens.expect(Kind.VARIABLE_END, "}}");
        }
        case BLOCK_BEGIN -> {
          if (ends.contains(tokens.peek().text())) {
            depth--;
            return statements;
          }
          statements.add(statement());
        }
        default -> throw JinjaException.at(token.line(), "unexpected " + token.description());
      }
    }
    if (!ends.isEmpty()) {
      throw JinjaException.at(
          tokens.peek().line(),
          "the template ends where one of " + ends.stream().sorted().toList() + " was expected");
    }
    depth--;
    return statements;
  }

  private List<Statement> bodyUntil(String end) {
    List<Statement> statements = body(Set.of(end));
    tokens.next();
    endBlock();
    return statements;
  }

  private void endBlock() {
    tokens.expect(Kind.BLOCK_END, "%}");
  }

  private Statement statement() {
    Token keyword = tokens.next();
    return switch (keyword.text()) {
      case "if" -> ifStatement();
      case "for" -> forStatement(keyword.line());
      case "set" -> setStatement(keyword.line());
      case "macro" -> macro(keyword.line());
      case "with" -> with();
      case "generation" -> {
        endBlock();
        yield new Statement.Body(bodyUntil("endgeneration"));
      }
      case "break" -> loopControl(keyword, new Statement.Break());
      case "continue" -> loopControl(keyword, new Statement.Continue());
      default ->
          throw JinjaException.at(
              keyword.line(), "the statement '" + keyword.text() + "' is not supported");
    };
  }

  private Statement loopControl(Token keyword, Statement statement) {
    if (loops == 0) {
      throw JinjaException.at(keyword.line(), "'" + keyword.text() + "' outside of a loop");
    }
    endBlock();
    return statement;
  }

  private Statement ifStatement() {
    List<Statement.Branch> branches = new ArrayList<>();
    Expression condition = expressions.tuple();
    endBlock();
    while (true) {
      List<Statement> body =
          body(condition == null ? Set.of("endif") : Set.of("elif", "else", "endif"));
      branches.add(new Statement.Branch(condition, body));
      Token end = tokens.next();
      if (end.text().equals("endif")) {
        endBlock();
        return new Statement.If(branches);
      }
      condition = end.text().equals("elif") ? expressions.tuple() : null;
      endBlock();
    }
  }

  private Statement forStatement(int line) {
    List<String> targets = names("in");
    tokens.expect(Kind.NAME, "in");
    Expression items = expressions.tupleWithoutCondition();
    Expression condition = null;
    if (tokens.accept(Kind.NAME, "if")) {
      condition = expressions.expression();
    }
    if (tokens.peek().is(Kind.NAME, "recursive")) {
      throw JinjaException.at(line, "recursive loops are not supported");
    }
    endBlock();
    loops++;
    List<Statement> body = body(Set.of("else", "endfor"));
    loops--;
    List<Statement> otherwise = List.of();
    if (tokens.next().text().equals("else")) {
      endBlock();
      otherwise = bodyUntil("endfor");
    } else {
      endBlock();
    }
    return new Statement.For(line, targets, items, condition, body, otherwise);
  }

  /** Names with commas between them, in parentheses or not, up to the keyword {@code end}. */
  private List<String> names(String end) {
    boolean parentheses = tokens.accept(Kind.OPERATOR, "(");
    List<String> names = new ArrayList<>();
    do {
      if (tokens.peek().is(Kind.NAME, end)) {
        break;
      }
      names.add(tokens.name());
    } while (tokens.accept(Kind.OPERATOR, ","));
    if (parentheses) {
      tokens.expect(Kind.OPERATOR, ")");
    }
    return names;
  }

  private Statement setStatement(int line) {
    List<Target> targets = new ArrayList<>();
    do {
      targets.add(target());
    } while (tokens.accept(Kind.OPERATOR, ","));
    if (tokens.accept(Kind.OPERATOR, "=")) {
      Expression value = expressions.tuple();
      endBlock();
      return new Statement.Set(line, targets, value);
    }
    if (targets.size() > 1) {
      throw tokens.unexpected("'='");
    }
    List<Expression.Filter> filters = expressions.filters();
    endBlock();
    return new Statement.SetBlock(line, targets.getFirst(), bodyUntil("endset"), filters);
  }

  private Target target() {
    String name = tokens.name();
    @Nullable String attribute = tokens.accept(Kind.OPERATOR, ".") ? tokens.name() : null;
    return new Target(name, attribute);
  }

  private Statement macro(int line) {
    String name = tokens.name();
    tokens.expect(Kind.OPERATOR, "(");
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    while (!tokens.accept(Kind.OPERATOR, ")")) {
      parameters.add(tokens.name());
      if (tokens.accept(Kind.OPERATOR, "=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw tokens.unexpected("a default value");
      }
      if (!tokens.peek().is(Kind.OPERATOR, ")")) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    endBlock();
    int outer = loops;
    loops = 0;
    List<Statement> body = bodyUntil("endmacro");
    loops = outer;
    return new Statement.Macro(line, name, parameters, defaults, body);
  }

  private Statement with() {
    List<String> names = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (tokens.peek().kind() != Kind.BLOCK_END) {
      if (!names.isEmpty()) {
        tokens.expect(Kind.OPERATOR, ",");
      }
      names.add(tokens.name());
      tokens.expect(Kind.OPERATOR, "=");
      values.add(expressions.expression());
    }
    endBlock();
    return new Statement.With(names, values, bodyUntil("endwith"));
  }
}
