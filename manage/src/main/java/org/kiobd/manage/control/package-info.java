/**
 * The private socket of a server: {@link org.kiobd.manage.control.ControlServer} answers for all of its volumes, {@link
 * org.kiobd.manage.control.ControlClient} asks for a command about one. One JSON object a line, one question a connection; {@code volume} in
 * it says which.
 *
 * <p>Threads: one for the sockets, and, while there are questions, some that answer. Not here: what the answers are.
 */
@NullMarked
package org.kiobd.manage.control;

import org.jspecify.annotations.NullMarked;
