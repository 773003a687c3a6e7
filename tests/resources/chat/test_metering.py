"""What a piece of work cost is known to the thread that did it."""

from concurrent.futures import ThreadPoolExecutor

from resources.engine.metering import charge, metering


def test_an_inner_block_counts_for_the_outer_one_too() -> None:
    with metering() as outer:
        charge(paid_usd=1, worth_usd=2)
        with metering() as inner:
            charge(paid_usd=10, worth_usd=20)
    charge(paid_usd=100, worth_usd=100)
    assert (inner.paid_usd, inner.worth_usd) == (10, 20)
    assert (outer.paid_usd, outer.worth_usd) == (11, 22)


def test_threads_do_not_pay_for_each_other() -> None:
    def work(usd: float) -> float:
        with metering() as meter:
            for _ in range(1000):
                charge(paid_usd=usd, worth_usd=usd)
        return meter.paid_usd

    with ThreadPoolExecutor(4) as pool, metering() as meter:
        assert list(pool.map(work, [1, 2, 3, 4])) == [1000, 2000, 3000, 4000]
    assert meter.paid_usd == 0
