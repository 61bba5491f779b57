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
 * @param blockBytes bytes of a block, 4096 to 65536, a power of two
 * @param data where the blocks are stored
 */
record RocksOptions(int blockBytes, Profile profile, Compression compression, Data data) {
    private static final int DEFAULT_BLOCK_BYTES = 4096;

    /** The options that a member's file may leave out. The first members had no data files, and their files do not mention them. */
    private static final RocksOptions UNSAID =
            new RocksOptions(DEFAULT_BLOCK_BYTES, Profile.FAST, Compression.NONE, Data.DATABASE);

    private static final int LEAST_BLOCK_BYTES = 4096;
    private static final int MOST_BLOCK_BYTES = 64 << 10;

    /** The trade-off between write cost and space. */
    enum Profile {
        /**
         * Stores values in blob files: a value is written twice, to the log and to a blob file, and compaction moves it only to collect
         * garbage. With data files, the database has no values of blocks.
         */
        FAST,
        /** Stores values in the LSM tree: compaction rewrites them, and overwritten values take little space. */
        COMPACT
    }

    /** Where the blocks of a member are stored. */
    enum Data {
        /** In files of their own; the database says where. Not compressed. */
        FILES,
        /** In the database. */
        DATABASE
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

    /**
     * Returns the options for a new member from the query of its URI. The member gets data files, unless it is to be compressed or compact:
     * such blocks are in the database.
     */
    static RocksOptions parse(MemberUri uri) throws BlockIoException {
        int mark = uri.location().indexOf('?');
        Map<String, String> said = split(mark < 0 ? "" : uri.location().substring(mark + 1));
        RocksOptions options = parse(said);
        boolean fitsFiles = options.profile == Profile.FAST && options.compression == Compression.NONE;
        if (!said.containsKey("data")) {
            Data data = fitsFiles ? Data.FILES : Data.DATABASE;
            return new RocksOptions(options.blockBytes, options.profile, options.compression, data);
        }
        if (options.data == Data.FILES && !fitsFiles) {
            throw refused("data=files goes with profile=fast and compression=none only");
        }
        return options;
    }

    /** Parses the output of {@link #toString} that a member's file has. */
    static RocksOptions parse(String stored) throws BlockIoException {
        return parse(split(stored));
    }

    private static RocksOptions parse(Map<String, String> said) throws BlockIoException {
        int blockBytes = UNSAID.blockBytes;
        Profile profile = UNSAID.profile;
        Compression compression = UNSAID.compression;
        Data data = UNSAID.data;
        for (Map.Entry<String, String> one : said.entrySet()) {
            switch (one.getKey()) {
                case "block" -> blockBytes = blockBytes(one.getValue());
                case "profile" -> profile = choice(Profile.class, one);
                case "compression" -> compression = choice(Compression.class, one);
                case "data" -> data = choice(Data.class, one);
                default ->
                    throw refused(one.getKey() + "=" + one.getValue()
                            + " is not an option of rocksdb: members; they have block, profile, compression and data");
            }
        }
        return new RocksOptions(blockBytes, profile, compression, data);
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
        String words =
                "block=" + (blockBytes >> 10) + "K&profile=" + word(profile) + "&compression=" + word(compression);
        // A member without data files can be opened by versions that do not know the word.
        return data == Data.FILES ? words + "&data=files" : words;
    }
}
