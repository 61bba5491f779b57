/** Tests of the control socket, with real sockets. */
@NullMarked
package org.kiobd.cli.control;

import org.jspecify.annotations.NullMarked;
