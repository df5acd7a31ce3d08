/**
 * CLIP and SigLIP: images and texts to vectors of one space. Start with {@link
 * nibble.nn.clip.ClipModel}.
 */
@NullMarked
package nibble.nn.clip;

import org.jspecify.annotations.NullMarked;
