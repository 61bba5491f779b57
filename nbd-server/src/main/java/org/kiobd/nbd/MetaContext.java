package org.kiobd.nbd;

import java.util.List;

/**
 * The metadata contexts that NBD_CMD_BLOCK_STATUS can report. This server chooses their numbers: a client learns them from
 * NBD_OPT_SET_META_CONTEXT and echoes them.
 */
public enum MetaContext {
    /** From the specification: which ranges are stored, and which read as zeros because nothing is stored. */
    BASE_ALLOCATION("base:allocation", 1),
    /** Specific to kiobd: the status of an extent is the index of the member that holds it. See docs/NBD.md. */
    KIOBD_MEMBER("kiobd:member", 2);

    private static final List<MetaContext> ALL = List.of(values());

    private final String wireName;
    private final int id;

    MetaContext(String wireName, int id) {
        this.wireName = wireName;
        this.id = id;
    }

    /** Returns the contexts that a query of NBD_OPT_SET_META_CONTEXT selects: the one with exactly that name, if there is one. */
    public static List<MetaContext> named(String query) {
        return ALL.stream().filter(context -> context.wireName.equals(query)).toList();
    }

    /**
     * Returns the contexts that a query of NBD_OPT_LIST_META_CONTEXT matches. A query is a name, or a namespace with its colon for all
     * contexts in that namespace.
     */
    public static List<MetaContext> matching(String query) {
        return ALL.stream()
                .filter(context -> context.wireName.equals(query)
                        || (query.endsWith(":")
                                && context.wireName.startsWith(query)
                                && query.indexOf(':') == query.length() - 1))
                .toList();
    }

    /** Returns all contexts. */
    public static List<MetaContext> all() {
        return ALL;
    }

    public String wireName() {
        return wireName;
    }

    /** Returns the number that identifies the context in requests and replies. */
    public int id() {
        return id;
    }

    /** Returns the names of {@code contexts} for a message: comma-separated, or "none". */
    public static String names(Iterable<MetaContext> contexts) {
        StringBuilder names = new StringBuilder();
        contexts.forEach(context -> names.append(names.isEmpty() ? "" : ",").append(context.wireName));
        return names.isEmpty() ? "none" : names.toString();
    }
}
