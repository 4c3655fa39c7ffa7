import platform

from p300.serving.memory import keep_freed_memory


def test_memory_is_kept_where_the_c_library_can():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
