/**
 * The numbers of the NBD specification, each once and in its spelling; main types {@link org.kiobd.nbd.protocol.NbdCommand} and {@link
 * org.kiobd.nbd.protocol.NbdOption}. A number we do not know becomes {@code UNKNOWN}, never an exception, and whoever decoded it keeps
 * the number itself.
 *
 * <p>Threads: everything is immutable. Not here: what to do about a number ({@code handshake}, {@code transmission}).
 */
@NullMarked
package org.kiobd.nbd.protocol;

import org.jspecify.annotations.NullMarked;
