package org.kiobd.cli;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses sizes that users write: 512, 4K, 64KiB, 1G, 1.5GiB (binary), 1GB (decimal); and formats sizes for users. Stateless. */
public final class Sizes implements ITypeConverter<Long> {
    private static final Pattern SIZE =
            Pattern.compile("(\\d+(?:\\.\\d+)?)([KMGTPE]?)(i?)(B?)", Pattern.CASE_INSENSITIVE);
    private static final String UNITS = "KMGTPE";
    private static final int BINARY = 1024;
    private static final int DECIMAL = 1000;

    @Override
    public Long convert(String text) {
        return parse(text);
    }

    /**
     * Parses a size.
     *
     * @throws TypeConversionException if the text is not a size, or the size is not positive, not a whole number of bytes, or more than
     *     2^63 - 1
     */
    static long parse(String text) {
        Matcher matcher = SIZE.matcher(text.trim());
        if (!matcher.matches()
                || (matcher.group(2).isEmpty() && !matcher.group(3).isEmpty())) {
            throw new TypeConversionException(
                    "'" + text + "' is not a size: write 512, 4K, 64KiB, 1G (binary) or 1GB (decimal)");
        }
        boolean decimal = !matcher.group(2).isEmpty()
                && matcher.group(3).isEmpty()
                && !matcher.group(4).isEmpty();
        int exponent =
                matcher.group(2).isEmpty() ? 0 : UNITS.indexOf(matcher.group(2).toUpperCase(Locale.ROOT)) + 1;
        BigDecimal unit = BigDecimal.valueOf(decimal ? DECIMAL : BINARY).pow(exponent);
        BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(unit);
        if (bytes.signum() <= 0) {
            throw new TypeConversionException("'" + text + "' is not a positive size");
        }
        if (bytes.stripTrailingZeros().scale() > 0) {
            throw new TypeConversionException("'" + text + "' is not a whole number of bytes");
        }
        BigInteger whole = bytes.toBigInteger();
        if (whole.bitLength() > Long.SIZE - 1) {
            throw new TypeConversionException("'" + text + "' is more than 2^63 - 1 bytes");
        }
        return whole.longValueExact();
    }

    /** Returns a size for users; "-" for a negative one, which means unknown. */
    static String formatOrUnknown(long bytes) {
        return bytes < 0 ? "-" : format(bytes);
    }

    /** Returns the binary form: exact if it is a whole number, else with two decimals, e.g. 256K, 1G, 1.50G, 513. */
    static String format(long bytes) {
        int exponent = 0;
        double value = bytes;
        while (value >= BINARY && exponent < UNITS.length()) {
            value /= BINARY;
            exponent++;
        }
        String unit = exponent == 0 ? "" : UNITS.substring(exponent - 1, exponent);
        return value == Math.rint(value) ? (long) value + unit : String.format(Locale.ROOT, "%.2f%s", value, unit);
    }
}
