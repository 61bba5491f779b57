package org.kiobd.store.rocksdb;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.CompressionType;

/**
 * The options of a member. They are chosen when it is created, by the query of its URI: {@code
 * rocksdb:/srv/m0?profile=compact&compression=zstd&block=16K}. A file in the member's folder stores them, so that later URIs need not
 * repeat them.
 *
 * @param blockBytes bytes stored under one key, 4096 to 65536, a power of two
 */
record RocksOptions(int blockBytes, Profile profile, Compression compression) {
    static final RocksOptions DEFAULT = new RocksOptions(4096, Profile.FAST, Compression.NONE);

    private static final int LEAST_BLOCK_BYTES = 4096;
    private static final int MOST_BLOCK_BYTES = 64 << 10;

    /** The trade-off between write cost and space. */
    enum Profile {
        /**
         * Stores values in blob files: a value is written twice, to the log and to a blob file, and compaction moves it only to collect
         * garbage.
         */
        FAST,
        /** Stores values in the LSM tree: compaction rewrites them, and overwritten values take little space. */
        COMPACT
    }

    enum Compression {
        NONE(CompressionType.NO_COMPRESSION),
        LZ4(CompressionType.LZ4_COMPRESSION),
        ZSTD(CompressionType.ZSTD_COMPRESSION);

        private final CompressionType type;

        Compression(CompressionType type) {
            this.type = type;
        }

        CompressionType type() {
            return type;
        }
    }

    /** Returns the options for a new member from the query of its URI; an option that is not given has its default. */
    static RocksOptions parse(MemberUri uri) throws BlockIoException {
        int mark = uri.location().indexOf('?');
        return mark < 0 ? DEFAULT : parse(uri.location().substring(mark + 1));
    }

    /** Parses the output of {@link #toString}, or the query of a URI. */
    static RocksOptions parse(String query) throws BlockIoException {
        RocksOptions options = DEFAULT;
        for (Map.Entry<String, String> one : split(query).entrySet()) {
            String value = one.getValue();
            options = switch (one.getKey()) {
                case "block" -> new RocksOptions(blockBytes(value), options.profile, options.compression);
                case "profile" -> new RocksOptions(options.blockBytes, choice(Profile.class, one), options.compression);
                case "compression" ->
                    new RocksOptions(options.blockBytes, options.profile, choice(Compression.class, one));
                default ->
                    throw refused(one.getKey() + "=" + value
                            + " is not an option of rocksdb: members; they have block, profile and compression");
            };
        }
        return options;
    }

    private static Map<String, String> split(String query) {
        Map<String, String> pairs = new LinkedHashMap<>();
        for (String pair : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (!pair.isEmpty()) {
                pairs.put(equals < 0 ? pair : pair.substring(0, equals), equals < 0 ? "" : pair.substring(equals + 1));
            }
        }
        return pairs;
    }

    private static int blockBytes(String text) throws BlockIoException {
        int unit = text.endsWith("K") ? 1 << 10 : 1;
        try {
            int bytes =
                    Math.multiplyExact(Integer.parseInt(unit == 1 ? text : text.substring(0, text.length() - 1)), unit);
            if (bytes >= LEAST_BLOCK_BYTES && bytes <= MOST_BLOCK_BYTES && Integer.bitCount(bytes) == 1) {
                return bytes;
            }
        } catch (NumberFormatException | ArithmeticException e) {
            // Reported below.
        }
        throw refused("block=" + text + " is not 4K, 8K, 16K, 32K or 64K");
    }

    private static <T extends Enum<T>> T choice(Class<T> type, Map.Entry<String, String> said) throws BlockIoException {
        for (T value : type.getEnumConstants()) {
            if (word(value).equals(said.getValue())) {
                return value;
            }
        }
        StringBuilder known = new StringBuilder();
        for (T value : type.getEnumConstants()) {
            known.append(known.isEmpty() ? "" : ", ").append(word(value));
        }
        throw refused(said.getKey() + "=" + said.getValue() + " is none of " + known);
    }

    private static BlockIoException refused(String why) {
        return new BlockIoException(IoError.INVALID, why + "; nothing was made");
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return "block=" + (blockBytes >> 10) + "K&profile=" + word(profile) + "&compression=" + word(compression);
    }
}
