package org.kiobd.store.rocksdb;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.CompressionType;

/**
 * How a member was made. Its database keeps them, so that a URI names them once, at its creation: {@code
 * rocksdb:/srv/m0?profile=compact&compression=zstd&block=16K}.
 *
 * @param blockBytes what one key holds, 4096 to 65536, a power of two
 */
record RocksOptions(int blockBytes, Profile profile, Compression compression) {
    static final RocksOptions DEFAULT = new RocksOptions(4096, Profile.FAST, Compression.NONE);

    private static final int LEAST_BLOCK_BYTES = 4096;
    private static final int MOST_BLOCK_BYTES = 64 << 10;

    /** What is given up for what. */
    enum Profile {
        /** Values in blob files: they are written twice, once to the log and once to a blob, and compaction leaves them alone. */
        FAST,
        /** Values in the tree: compaction rewrites them, and little room is lost to what was overwritten. */
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

    /** Those of a new member, as its URI says behind a question mark; the usual ones where it says nothing. */
    static RocksOptions parse(MemberUri uri) throws BlockIoException {
        int mark = uri.location().indexOf('?');
        return mark < 0 ? DEFAULT : parse(uri.location().substring(mark + 1));
    }

    /** What {@link #toString} printed, or a URI's query. */
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
            // Said below.
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
