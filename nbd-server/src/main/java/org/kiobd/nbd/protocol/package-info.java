/**
 * The numbers of the NBD specification, each defined once and spelled as in the specification. Main types: {@link
 * org.kiobd.nbd.protocol.NbdCommand} and {@link org.kiobd.nbd.protocol.NbdOption}. An unknown number decodes to {@code UNKNOWN} and never
 * throws an exception; the decoding code keeps the number itself.
 *
 * <p>Threads: everything is immutable. Not here: what to do about a number ({@code handshake}, {@code transmission}).
 */
@NullMarked
package org.kiobd.nbd.protocol;

import org.jspecify.annotations.NullMarked;
