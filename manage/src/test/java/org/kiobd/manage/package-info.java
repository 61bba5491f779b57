/** Tests of the facade {@link org.kiobd.manage.Volumes}, in this process, with real members. */
@NullMarked
package org.kiobd.manage;

import org.jspecify.annotations.NullMarked;
