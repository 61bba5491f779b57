/**
 * The private socket of a server: {@link org.kiobd.manage.control.ControlServer} answers questions about all of its volumes, and
 * {@link org.kiobd.manage.control.RemoteVolume} asks a question about one of them for a command. A line is one JSON object, and a
 * connection carries one question; its field {@code volume} names the volume. Questions and answers are methods of
 * {@link org.kiobd.manage.control.VolumeControl} on both ends.
 *
 * <p>Threads: one for the sockets, and, while there are questions, some for the answers. Not here: what a volume does when it is asked.
 */
@NullMarked
package org.kiobd.manage.control;

import org.jspecify.annotations.NullMarked;
