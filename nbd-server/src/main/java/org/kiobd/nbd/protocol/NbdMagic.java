package org.kiobd.nbd.protocol;

/** The magic numbers and fixed lengths of the protocol's messages. */
public final class NbdMagic {
    /** The first eight bytes of the greeting: "NBDMAGIC". */
    public static final long NBDMAGIC = 0x4e42444d41474943L;

    /** The next eight bytes of the greeting, and the start of every option of the client: "IHAVEOPT". */
    public static final long IHAVEOPT = 0x49484156454F5054L;

    /** The start of every option reply of the server. */
    public static final long OPTION_REPLY = 0x0003e889045565a9L;

    public static final int NBD_REQUEST_MAGIC = 0x25609513;
    public static final int NBD_EXTENDED_REQUEST_MAGIC = 0x21e41c71;
    public static final int NBD_SIMPLE_REPLY_MAGIC = 0x67446698;
    public static final int NBD_STRUCTURED_REPLY_MAGIC = 0x668e33ef;
    public static final int NBD_EXTENDED_REPLY_MAGIC = 0x6e8a278c;

    /** magic 8, IHAVEOPT 8, handshake flags 2. */
    public static final int GREETING_BYTES = 18;

    /** client flags 4. */
    public static final int CLIENT_FLAGS_BYTES = 4;

    /** IHAVEOPT 8, option 4, length 4. */
    public static final int OPTION_HEADER_BYTES = 16;

    /** magic 8, option 4, reply type 4, length 4. */
    public static final int OPTION_REPLY_HEADER_BYTES = 20;

    /** size 8, transmission flags 2: the reply to NBD_OPT_EXPORT_NAME, before its zeroes. */
    public static final int EXPORT_NAME_REPLY_BYTES = 10;

    /** The number of zero bytes after the reply to NBD_OPT_EXPORT_NAME, unless NO_ZEROES was negotiated. */
    public static final int EXPORT_NAME_ZEROES = 124;

    /** magic 4, flags 2, type 2, cookie 8, offset 8, length 4. */
    public static final int REQUEST_BYTES = 28;

    /** magic 4, error 4, cookie 8. */
    public static final int SIMPLE_REPLY_BYTES = 16;

    /** magic 4, flags 2, type 2, cookie 8, offset 8, length 8. */
    public static final int EXTENDED_REQUEST_BYTES = 32;

    /** magic 4, flags 2, type 2, cookie 8, length 4: the header of each chunk. */
    public static final int STRUCTURED_REPLY_BYTES = 20;

    /** magic 4, flags 2, type 2, cookie 8, offset 8, length 8: the header of each chunk. */
    public static final int EXTENDED_REPLY_BYTES = 32;

    /** Structured and extended replies: this chunk is the last one of the reply. */
    public static final int NBD_REPLY_FLAG_DONE = 1;

    /** base:allocation: the extent is a hole; no data is stored for it. */
    public static final int NBD_STATE_HOLE = 1;

    /** base:allocation: the extent reads as zeros. */
    public static final int NBD_STATE_ZERO = 1 << 1;

    /** The maximum length of a string (export name, description, query) in the specification. */
    public static final int MAX_STRING_BYTES = 4096;

    private NbdMagic() {}
}
