package nibble.nn;

/**
 * Queries and keys of one attention after they were joined.
 *
 * @param layer what runs from now on, {@code [heads * hidden, hidden]}
 * @param query the weight that it was made from, {@code [hidden, hidden]}; no longer the model's
 * @param key the other one
 * @param heads of the attention
 */
public record JoinedQueryKey(Linear layer, Parameter query, Parameter key, int heads) {}
