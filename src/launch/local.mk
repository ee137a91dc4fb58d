noinst_LIBRARIES += src/launch/liblaunch.a
src_launch_liblaunch_a_SOURCES = src/launch/launch.c src/launch/launch.h src/launch/spawn.c src/launch/spawn.h \
	src/launch/image.c src/launch/image.h src/launch/host_ops.c src/launch/host_ops.h \
	src/launch/wording.c src/launch/wording.h src/launch/late.c src/launch/late.h src/launch/netdev.c src/launch/netdev.h src/launch/notify.c src/launch/notify.h src/launch/listener.c src/launch/listener.h \
	src/launch/hooks.c src/launch/hooks.h src/launch/planhooks.c src/launch/planhooks.h src/launch/pidfd_socket.c src/launch/pidfd_socket.h src/launch/sdnotify.c src/launch/sdnotify.h \
	src/launch/supervise.c src/launch/supervise.h src/launch/timeline.c src/launch/timeline.h \
	src/launch/transcript.c src/launch/transcript.h
