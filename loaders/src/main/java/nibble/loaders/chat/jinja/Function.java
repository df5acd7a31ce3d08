package nibble.loaders.chat.jinja;

/** What a template can call. */
@FunctionalInterface
public interface Function {
  /** The value for these arguments. Throws {@link JinjaException} if they do not fit. */
  Object call(Arguments arguments);
}
