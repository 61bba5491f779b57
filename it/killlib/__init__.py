"""What it/kill-points is made of.

calls     which system calls are points, what may go wrong at each, and how a call is named
trap      holds a program at these calls (seccomp user notification) and kills it or fails the call
place     the file systems, the workers' own views of them, and the copies of a scene
scene     the volumes, snapshots and decoys that a command finds
commands  the commands: what each is given, and what must be true afterwards
witness   asks kiobd what is there, in one resident JVM
oracle    holds what is found against what must be true
trial     one point: scene, fault, questions, the same command again
report    tables and JSON

A point is named by its system call, its path in the scene and a count, as in "rename a/home/volumes/new/manifest.json#1": names outlive
threads that take turns in another order, and most changes of the code.
"""
