package nibble.loaders.chat.jinja;

/**
 * The value of what is not there: false, empty, and an error as soon as more is done with it.
 *
 * @param what how the template names it
 */
record Undefined(String what) {}
