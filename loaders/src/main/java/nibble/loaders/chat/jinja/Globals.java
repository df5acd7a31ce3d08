package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Functions that every template has. */
final class Globals {
  private static final int LONGEST_RANGE = 100_000;

  private Globals() {}

  static void define(Scope scope) {
    scope.set("range", (Function) Globals::range);
    scope.set("namespace", (Function) arguments -> new Namespace(named(arguments)));
    scope.set("dict", (Function) Globals::named);
    scope.set("raise_exception", (Function) Globals::raise);
  }

  private static Object raise(Arguments arguments) {
    throw new JinjaException(
        "the template refuses this conversation: " + Values.text(arguments.get(0, "message", "")));
  }

  private static Map<String, Object> named(Arguments arguments) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Object dict : arguments.positional()) {
      if (!(dict instanceof Map<?, ?> map)) {
        throw new JinjaException("expected a dict, found " + Values.kind(dict));
      }
      map.forEach((key, value) -> values.put(Values.text(key), value));
    }
    values.putAll(arguments.named());
    return values;
  }

  private static List<Object> range(Arguments arguments) {
    arguments.only(3);
    int count = arguments.positional().size();
    long from = count < 2 ? 0 : arguments.integer(0, "start", 0);
    long to = arguments.integer(count < 2 ? 0 : 1, "stop", 0);
    long step = arguments.integer(2, "step", 1);
    if (step == 0) {
      throw new JinjaException("range with step 0");
    }
    List<Object> numbers = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i = Math.addExact(i, step)) {
      if (numbers.size() == LONGEST_RANGE) {
        throw new JinjaException("a range of more than " + LONGEST_RANGE + " numbers");
      }
      numbers.add(i);
    }
    return numbers;
  }
}
