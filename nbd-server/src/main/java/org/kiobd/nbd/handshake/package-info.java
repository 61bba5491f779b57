/**
 * The handshake: fixed newstyle negotiation as an explicit state machine, {@link org.kiobd.nbd.handshake.HandshakeHandler}, with one
 * {@link org.kiobd.nbd.handshake.OptionHandler} for each option.
 *
 * <p>Threads: everything is confined to the event loop of the connection. Not here: requests ({@code transmission}).
 */
@NullMarked
package org.kiobd.nbd.handshake;

import org.jspecify.annotations.NullMarked;
