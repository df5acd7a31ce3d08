/**
 * Labelled data sets: image folders with a list of labels, CIFAR-10 binary files and MNIST IDX
 * files.
 */
@NullMarked
package nibble.loaders.data;

import org.jspecify.annotations.NullMarked;
