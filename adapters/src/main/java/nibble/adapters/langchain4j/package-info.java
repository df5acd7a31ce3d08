/** Models of Nibble as models of LangChain4j. */
@NullMarked
package nibble.adapters.langchain4j;

import org.jspecify.annotations.NullMarked;
