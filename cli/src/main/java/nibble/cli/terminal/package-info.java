/**
 * What every command shares when it talks to the person or script that started it: exit status,
 * one-line failures, progress, tables and JSON. Start with {@link nibble.cli.terminal.Console}.
 *
 * <pre>{@code
 * try (Progress progress = console.progress("eval", images.size(), "images")) {
 *   for (int i = 0; i < images.size(); i++) {
 *     work(i);
 *     progress.to(i + 1);
 *   }
 * }
 * new Table("method", "top-1").alignRight(1).row("float", "78.00 %").print(console.out());
 * }</pre>
 */
@NullMarked
package nibble.cli.terminal;

import org.jspecify.annotations.NullMarked;
