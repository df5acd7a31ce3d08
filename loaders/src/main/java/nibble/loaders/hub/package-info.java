/**
 * Models from a hub: lists what a repository has, downloads what Nibble needs, checks every byte,
 * and files it in the cache that all programs of a user share.
 *
 * <pre>{@code
 * Path folder = Hub.ofUser().pull(ModelId.of("facebook/deit-tiny-patch16-224"), List.of(), PullListener.SILENT).folder();
 * }</pre>
 *
 * <p>Source: the HTTP interface and the cache layout of <a
 * href="https://huggingface.co/docs/huggingface_hub">huggingface_hub</a>.
 */
@NullMarked
package nibble.loaders.hub;

import org.jspecify.annotations.NullMarked;
