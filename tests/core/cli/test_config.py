import pytest


@pytest.fixture
def config(tmp_path):
    """Writes a configuration and gives its path."""

    def write(text):
        path = tmp_path / "run.toml"
        path.write_text(text)
        return path

    return write


def test_flags_go_before_the_file_before_the_recipe_before_defaults(call, config):
    path = config(
        '[problem]\nname = "bowl"\ndim = 3\ncurvature = 2\n[solver]\nname = "descent"\n'
        "[solver.optimizer]\nrate = 0.2\n[run]\nsteps = 4\nseed = 9\n"
    )
    result = call("run", "--config", path, "--dim", 5, "--seed", 1, "--json")
    options = result.json["options"]
    assert options["problem"]["dim"] == 5  # the flag
    assert options["problem"]["curvature"] == 2.0  # the file, its integer made a number
    assert options["solver"]["optimizer"] == {"name": "fixed", "rate": 0.2}  # file; name: recipe
    assert options["solver"]["tolerance"] == 1e-3  # the recipe
    assert options["problem"]["shape"] == "round"  # the default
    assert result.json["steps"] == 4
    assert result.json["seed"] == 1


def test_options_for_another_component_than_the_one_chosen_are_left_out(call, config):
    path = config(
        '[problem]\nname = "bowl"\ndim = 3\n[solver]\nname = "descent"\ntolerance = 0.5\n'
        '[solver.optimizer]\nname = "signed"\nsize = 0.7\n'
    )
    argv = ("run", "--config", path, "--json")
    assert call(*argv).json["options"]["solver"]["optimizer"]["size"] == 0.7
    fixed = call(*argv, "--optimizer", "fixed").json["options"]["solver"]
    assert fixed == {"optimizer": {"name": "fixed", "rate": 0.25}, "tolerance": 0.5}
    jump = call(*argv, "--solver", "jump", "--height", 1).json
    assert jump["options"]["solver"] == {"height": 1.0, "steps": 1}
    deep = call("run", "deep", "--config", path, "--json").json
    assert deep["options"] == {
        "problem": {},
        "solver": {
            "optimizer": {"name": "signed", "size": 0.7, "momentum": 0.9, "dim": 3},
            "tolerance": 0.5,
        },
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no toml", "is not TOML"),
        ("[probelm]\n", "Did you mean 'problem'"),
        ('problem = "bowl"\n', "it may have the tables"),
        ("[problem]\nname = 3\n", "a name that is text"),
        ('[problem]\nname = "bowl"\ndimm = 3\n', "Did you mean 'dim'"),
        ('[problem]\nname = "bowl"\ndim = "many"\n', "problem.dim"),
        ('[problem]\nname = "bowl"\ndim = 2.5\n', "expected integer; got 2.5"),
        ('[problem]\nname = "bowl"\ncentre = [1, "x"]\n', "expected number,…"),
        ('[problem]\nname = "bowl"\ntilted = 1\n', "expected yes/no; got 1"),
        ('[problem]\nname = "bowl"\n[run]\nsead = 1\n', "Did you mean 'seed'"),
        ('[problem]\nname = "bowl"\n[run]\nsteps = 1.5\n', "must be a whole number"),
        ('[problem]\nname = "bowl"\n[run]\nprecision = "half"\n', "float32 and float64"),
        ('[problem]\nname = "bowl"\n[solver.optimizer]\nname = "fixd"\n', "'fixed'"),
        ("[solver]\n", "Which problem?"),
    ],
)
def test_a_wrong_configuration_is_told_and_exits_with_two(call, config, text, said):
    result = call("run", "--config", config(text))
    assert result.status == 2
    assert result.out == ""
    assert said in result.err


def test_a_list_is_a_tuple_and_none_is_a_word(call, config):
    path = config(
        '[problem]\nname = "bowl"\ncentre = [1, 2.5]\nlabel = "none"\n'
        '[solver]\ntolerance = "none"\n'
    )
    options = call("run", "--config", path, "--json").json["options"]
    assert options["problem"]["centre"] == [1.0, 2.5]
    assert options["problem"]["label"] is None
    assert options["solver"]["tolerance"] is None


@pytest.mark.parametrize("value", ["{}", "{ a = 1 }", "2020-01-01", "12:30:00"])
def test_a_table_or_a_time_for_a_number_is_refused(call, tmp_path, value):
    path = tmp_path / "config.toml"
    path.write_text(f"[problem]\ncurvature = {value}\n")
    result = call("run", "bowl", "--config", path)
    assert result.status == 2
    assert "problem.curvature in the configuration or the recipe: expected number" in result.err
