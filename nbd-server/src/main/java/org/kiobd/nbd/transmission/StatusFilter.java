package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.protocol.NbdErrno;

/**
 * The payload of a BLOCK_STATUS, which selects contexts.
 *
 * <pre>
 *   0        8
 *   | length | context, context ...
 * </pre>
 *
 * @param lengthBytes length of the range of the query, not checked yet
 * @param contexts selected contexts
 * @param failure null if the contexts are valid
 */
record StatusFilter(
        long lengthBytes,
        List<MetaContext> contexts,
        @Nullable Failure failure) {
    /** Decodes a complete payload. Borrows the bytes. */
    static StatusFilter decode(ByteBuf bytes, List<MetaContext> negotiated) {
        long lengthBytes = bytes.readLong();
        Failure failure = null;
        List<MetaContext> asked = new ArrayList<>();
        while (failure == null && bytes.isReadable()) {
            int id = bytes.readInt();
            MetaContext context = negotiated.stream()
                    .filter(candidate -> candidate.id() == id)
                    .findFirst()
                    .orElse(null);
            if (context == null || asked.contains(context)) {
                failure = new Failure(
                        NbdErrno.NBD_EINVAL,
                        "each context once, and only those that were negotiated: id=" + Integer.toUnsignedString(id));
            } else {
                asked.add(context);
            }
        }
        return new StatusFilter(lengthBytes, asked, failure);
    }
}
