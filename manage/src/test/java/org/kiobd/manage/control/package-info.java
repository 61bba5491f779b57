/** Tests of the control socket, with real sockets. */
@NullMarked
package org.kiobd.manage.control;

import org.jspecify.annotations.NullMarked;
