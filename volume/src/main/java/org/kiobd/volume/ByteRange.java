package org.kiobd.volume;

/**
 * A range of bytes: {@code [offsetBytes, offsetBytes + lengthBytes)}. Immutable and thread-safe.
 *
 * @param offsetBytes first byte, 0 or more
 * @param lengthBytes number of bytes, 0 or more; the end must fit a signed 64-bit number
 */
public record ByteRange(long offsetBytes, long lengthBytes) {

    /** @throws IllegalArgumentException if a part is negative or the end overflows */
    public ByteRange {
        if (!isValid(offsetBytes, lengthBytes)) {
            throw new IllegalArgumentException(
                    "no such range: offsetBytes=" + offsetBytes + " lengthBytes=" + lengthBytes);
        }
    }

    /** Returns whether the two numbers form a valid range; checks numbers from untrusted input. */
    public static boolean isValid(long offsetBytes, long lengthBytes) {
        return offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes <= Long.MAX_VALUE - lengthBytes;
    }

    /** Returns whether the range is inside a device of {@code sizeBytes}; does not overflow for any arguments. */
    public static boolean fits(long offsetBytes, long lengthBytes, long sizeBytes) {
        return offsetBytes >= 0
                && lengthBytes >= 0
                && lengthBytes <= sizeBytes
                && offsetBytes <= sizeBytes - lengthBytes;
    }

    /** Returns the offset of the first byte after the range. */
    public long endBytes() {
        return offsetBytes + lengthBytes;
    }

    public boolean isEmpty() {
        return lengthBytes == 0;
    }

    @Override
    public String toString() {
        return "[" + offsetBytes + "," + endBytes() + ")";
    }
}
