package org.kiobd.nbd.tls;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Reads a private key from a PEM file. The key is in PKCS #8, which Java reads, or in PKCS #1, which certtool and older openssl write; PKCS
 * #1 is the same RSA key without the PKCS #8 wrapping. Stateless.
 */
final class PemKey {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]*)-----END", Pattern.DOTALL);
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "Ed25519");

    /** The bytes before the key in PKCS #8: version 0, and the identifier of rsaEncryption (RFC 8017, A.1) with its NULL. */
    private static final byte[] RSA_PREFIX = HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");

    private PemKey() {}

    /** @throws BlockIoException if {@code file} holds no usable key; the message is one line */
    static PrivateKey read(Path file) throws BlockIoException {
        Matcher block;
        try {
            block = BLOCK.matcher(Files.readString(file));
        } catch (IOException e) {
            throw unreadable("privateKey", file, e);
        }
        if (!block.find()) {
            throw unusable(file, "there is no unencrypted key in it", null);
        }
        String kind = block.group(1).strip();
        byte[] der;
        try {
            der = Base64.getMimeDecoder().decode(block.group(2));
        } catch (IllegalArgumentException e) {
            throw unusable(file, "it is damaged", e);
        }
        return switch (kind) {
            case "" -> parse(file, der);
            case "RSA" -> parse(file, wrapped(der));
            default -> throw unusable(file, "keys of kind " + kind + " are not read", null);
        };
    }

    private static PrivateKey parse(Path file, byte[] pkcs8) throws BlockIoException {
        GeneralSecurityException last = null;
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (GeneralSecurityException e) {
                last = e;
            }
        }
        throw unusable(file, "it is neither an RSA, an EC nor an Ed25519 key", last);
    }

    private static byte[] wrapped(byte[] pkcs1) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes(RSA_PREFIX);
        der(content, 0x04, pkcs1);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        der(all, 0x30, content.toByteArray());
        return all.toByteArray();
    }

    /** Appends a DER element: tag, length, value. */
    private static void der(ByteArrayOutputStream out, int tag, byte[] value) {
        out.write(tag);
        if (value.length < 0x80) {
            out.write(value.length);
        } else {
            int lengthBytes = (Integer.SIZE - Integer.numberOfLeadingZeros(value.length) + 7) / 8;
            out.write(0x80 | lengthBytes);
            for (int i = lengthBytes - 1; i >= 0; i--) {
                out.write(value.length >> (8 * i));
            }
        }
        out.writeBytes(value);
    }

    private static BlockIoException unusable(Path file, String why, @Nullable Exception cause) {
        BlockIoException failure = new BlockIoException(
                IoError.INVALID,
                "privateKey=" + file + ": " + why
                        + "; nothing is served; convert it with openssl pkcs8 -topk8 -nocrypt");
        failure.initCause(cause);
        return failure;
    }

    static BlockIoException unreadable(String what, Path file, IOException cause) {
        String why = cause instanceof NoSuchFileException ? "there is no such file" : cause.toString();
        return new BlockIoException(
                IoError.INVALID,
                what + "=" + file + " cannot be read: " + why + "; nothing is served; see TLS in docs/NBD.md",
                cause);
    }
}
