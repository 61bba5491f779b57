/**
 * The transmission phase: decode ({@link org.kiobd.nbd.transmission.RequestDecoder}), validate ({@link
 * org.kiobd.nbd.transmission.RequestValidator}), execute ({@link org.kiobd.nbd.transmission.RequestExecutor}), encode ({@link
 * org.kiobd.nbd.transmission.ReplyWriter}); {@link org.kiobd.nbd.transmission.TransmissionHandler} ties them to a connection.
 *
 * <p>Threads: everything is confined to the connection's loop unless documented otherwise. Not here: merging and I/O (module {@code
 * volume}).
 */
@NullMarked
package org.kiobd.nbd.transmission;

import org.jspecify.annotations.NullMarked;
