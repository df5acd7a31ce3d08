/**
 * Models behind an HTTP interface that programs written for OpenAI's know. Start with {@link
 * nibble.cli.serve.ModelServer}; an {@link nibble.cli.serve.Endpoint} answers one path.
 */
@NullMarked
package nibble.cli.serve;

import org.jspecify.annotations.NullMarked;
