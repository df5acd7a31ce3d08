package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs statements. One instance is one rendering. */
final class Interpreter {
  /** What comes after a statement. */
  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  private static final int DEEPEST_CALL = 50;

  /** A turn of a loop makes its variables, so it counts as several steps. */
  private static final int LOOP_STEP = 10;

  private final Budget budget = new Budget();
  private final Evaluator evaluator = new Evaluator(budget);
  private int calls;

  /** What {@code statements} write with the variables of {@code scope}. */
  String run(List<Statement> statements, Scope scope) {
    StringBuilder out = new StringBuilder();
    run(statements, scope, out);
    return out.toString();
  }

  private Flow run(List<Statement> statements, Scope scope, StringBuilder out) {
    for (Statement statement : statements) {
      budget.spend(1);
      Flow flow = run(statement, scope, out);
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Flow run(Statement statement, Scope scope, StringBuilder out) {
    return switch (statement) {
      case Statement.Data(String text) -> write(text, out);
      case Statement.Output(Expression value) ->
          write(Values.text(evaluator.value(value, scope)), out);
      case Statement.If(var branches) -> branch(branches, scope, out);
      case Statement.For loop -> loop(loop, scope, out);
      case Statement.Set(int line, var targets, var value) ->
          set(line, targets, evaluator.value(value, scope), scope);
      case Statement.SetBlock block -> setBlock(block, scope);
      case Statement.Macro macro -> {
        scope.set(macro.name(), (Function) arguments -> call(macro, scope, arguments));
        yield Flow.NEXT;
      }
      case Statement.With(var names, var values, var body) -> {
        Scope inner = new Scope(scope);
        for (int i = 0; i < names.size(); i++) {
          inner.set(names.get(i), evaluator.value(values.get(i), scope));
        }
        yield run(body, inner, out);
      }
      case Statement.Body(var body) -> run(body, scope, out);
      case Statement.Break() -> Flow.BREAK;
      case Statement.Continue() -> Flow.CONTINUE;
    };
  }

  private Flow write(String text, StringBuilder out) {
    budget.spend(text.length() / 16);
    out.append(text);
    Budget.output(out.length());
    return Flow.NEXT;
  }

  private Flow branch(List<Statement.Branch> branches, Scope scope, StringBuilder out) {
    for (Statement.Branch branch : branches) {
      Expression condition = branch.condition();
      if (condition == null || Values.isTrue(evaluator.value(condition, scope))) {
        return run(branch.body(), scope, out);
      }
    }
    return Flow.NEXT;
  }

  private Flow set(int line, List<Statement.Target> targets, Object value, Scope scope) {
    if (targets.size() == 1) {
      assign(line, targets.getFirst(), value, scope);
      return Flow.NEXT;
    }
    List<Object> values = evaluator.unpacked(line, value, targets.size());
    for (int i = 0; i < targets.size(); i++) {
      assign(line, targets.get(i), values.get(i), scope);
    }
    return Flow.NEXT;
  }

  private static void assign(int line, Statement.Target target, Object value, Scope scope) {
    String attribute = target.attribute();
    if (attribute == null) {
      scope.set(target.name(), value);
    } else if (scope.get(target.name()) instanceof Namespace(var values)) {
      values.put(attribute, value);
    } else {
      throw JinjaException.at(
          line, "'" + target.name() + "' is no namespace, so its attributes cannot be set");
    }
  }

  private Flow setBlock(Statement.SetBlock block, Scope scope) {
    Object value = run(block.body(), new Scope(scope));
    for (Expression.Filter filter : block.filters()) {
      value = evaluator.filter(filter, value, scope);
    }
    assign(block.line(), block.target(), value, scope);
    return Flow.NEXT;
  }

  private Object call(Statement.Macro macro, Scope scope, Arguments arguments) {
    if (++calls > DEEPEST_CALL) {
      throw JinjaException.at(
          macro.line(), "macros call one another more than " + DEEPEST_CALL + " levels deep");
    }
    arguments.only(macro.parameters().size(), macro.parameters().toArray(new String[0]));
    Scope inner = new Scope(scope);
    int firstDefault = macro.parameters().size() - macro.defaults().size();
    for (int i = 0; i < macro.parameters().size(); i++) {
      String name = macro.parameters().get(i);
      @Nullable Expression fallback =
          i < firstDefault ? null : macro.defaults().get(i - firstDefault);
      Object given = arguments.get(i, name, new Undefined(name));
      inner.set(
          name,
          given instanceof Undefined && fallback != null
              ? evaluator.value(fallback, inner)
              : given);
    }
    String text = run(macro.body(), inner);
    calls--;
    return text;
  }

  private Flow loop(Statement.For loop, Scope scope, StringBuilder out) {
    List<Object> items = items(loop, scope);
    if (items.isEmpty()) {
      return run(loop.otherwise(), scope, out);
    }
    List<Object> changed = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      budget.spend(LOOP_STEP);
      Scope inner = new Scope(scope);
      bind(loop, items.get(i), inner);
      inner.set("loop", loopVariables(items, i, changed));
      if (run(loop.body(), inner, out) == Flow.BREAK) {
        break;
      }
    }
    return Flow.NEXT;
  }

  /** The elements that the loop goes through: those that its condition accepts. */
  private List<Object> items(Statement.For loop, Scope scope) {
    List<Object> all = evaluator.elements(loop.line(), evaluator.value(loop.items(), scope));
    budget.spend(all.size());
    Expression condition = loop.condition();
    if (condition == null) {
      return all;
    }
    List<Object> kept = new ArrayList<>();
    for (Object item : all) {
      Scope inner = new Scope(scope);
      bind(loop, item, inner);
      if (Values.isTrue(evaluator.value(condition, inner))) {
        kept.add(item);
      }
    }
    return kept;
  }

  private void bind(Statement.For loop, Object item, Scope inner) {
    if (loop.targets().size() == 1) {
      inner.set(loop.targets().getFirst(), item);
      return;
    }
    List<Object> values = evaluator.unpacked(loop.line(), item, loop.targets().size());
    for (int i = 0; i < values.size(); i++) {
      inner.set(loop.targets().get(i), values.get(i));
    }
  }

  private static Map<String, Object> loopVariables(
      List<Object> items, int i, List<Object> changed) {
    Map<String, Object> loop = new LinkedHashMap<>();
    loop.put("index", i + 1L);
    loop.put("index0", (long) i);
    loop.put("revindex", (long) items.size() - i);
    loop.put("revindex0", items.size() - i - 1L);
    loop.put("first", i == 0);
    loop.put("last", i + 1 == items.size());
    loop.put("length", (long) items.size());
    loop.put("depth", 1L);
    loop.put("depth0", 0L);
    loop.put("previtem", i > 0 ? items.get(i - 1) : new Undefined("previtem"));
    loop.put("nextitem", i + 1 < items.size() ? items.get(i + 1) : new Undefined("nextitem"));
    loop.put(
        "cycle",
        (Function)
            a ->
                a.positional().isEmpty()
                    ? new Undefined("cycle")
                    : a.positional().get(i % a.positional().size()));
    loop.put("changed", (Function) a -> hasChanged(changed, a.positional()));
    return loop;
  }

  private static boolean hasChanged(List<Object> last, List<Object> now) {
    if (last.size() == 1 && Values.equal(last.getFirst(), now)) {
      return false;
    }
    last.clear();
    last.add(now);
    return true;
  }
}
