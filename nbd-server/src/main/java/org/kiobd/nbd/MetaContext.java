package org.kiobd.nbd;

import java.util.List;

/**
 * What NBD_CMD_BLOCK_STATUS can tell about an export. The numbers are ours: a client learns them from NBD_OPT_SET_META_CONTEXT and
 * echoes them.
 */
public enum MetaContext {
    /** Of the specification: where something is stored, and where zeros are read because nothing is. */
    BASE_ALLOCATION("base:allocation", 1),
    /** Ours: the status of an extent is the index of the member that holds it. See docs/NBD.md. */
    KIOBD_MEMBER("kiobd:member", 2);

    private static final List<MetaContext> ALL = List.of(values());

    private final String wireName;
    private final int id;

    MetaContext(String wireName, int id) {
        this.wireName = wireName;
        this.id = id;
    }

    /** Those a query of NBD_OPT_SET_META_CONTEXT selects: the one with that very name, if there is one. */
    public static List<MetaContext> named(String query) {
        return ALL.stream().filter(context -> context.wireName.equals(query)).toList();
    }

    /** Those a query of NBD_OPT_LIST_META_CONTEXT matches: a name, or a namespace with its colon for all that is in it. */
    public static List<MetaContext> matching(String query) {
        return ALL.stream()
                .filter(context -> context.wireName.equals(query)
                        || (query.endsWith(":")
                                && context.wireName.startsWith(query)
                                && query.indexOf(':') == query.length() - 1))
                .toList();
    }

    /** All of them. */
    public static List<MetaContext> all() {
        return ALL;
    }

    public String wireName() {
        return wireName;
    }

    /** What stands for it in requests and replies. */
    public int id() {
        return id;
    }

    /** The names of {@code contexts}, for people. */
    public static String names(Iterable<MetaContext> contexts) {
        StringBuilder names = new StringBuilder();
        contexts.forEach(context -> names.append(names.isEmpty() ? "" : ",").append(context.wireName));
        return names.isEmpty() ? "none" : names.toString();
    }
}
