/**
 * Chat templates: from the messages of a conversation to the prompt that a model was trained on.
 *
 * <pre>{@code
 * ChatTemplate template = ChatTemplate.load(Path.of("model")).orElseThrow();
 * JsonArray messages = JsonArray.of(List.of(ChatTemplate.message("user", "Hello")));
 * String prompt = template.render(messages, ChatOptions.at(LocalDateTime.now()));
 * }</pre>
 */
@NullMarked
package nibble.loaders.chat;

import org.jspecify.annotations.NullMarked;
