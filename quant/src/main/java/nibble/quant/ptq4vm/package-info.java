/**
 * PTQ4VM: block by block, then factors of all weights together. Start with {@link
 * nibble.quant.ptq4vm.Ptq4Vm}.
 */
@NullMarked
package nibble.quant.ptq4vm;

import org.jspecify.annotations.NullMarked;
