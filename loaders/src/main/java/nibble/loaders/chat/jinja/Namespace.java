package nibble.loaders.chat.jinja;

import java.util.Map;

/** {@code namespace(...)}: variables that loops can change for what is around them. */
record Namespace(Map<String, Object> values) {}
