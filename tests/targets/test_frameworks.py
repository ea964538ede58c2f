"""Chains and query engines of the real frameworks as targets."""

import pytest

from llmops_lab import Case, GoldenSet, evaluate
from llmops_lab.scorers import scorers
from llmops_lab.targets import targets


def golden_of(*cases):
    return GoldenSet(
        tuple(Case(said, wanted, id=f"c{i}") for i, (said, wanted) in enumerate(cases))
    )


@pytest.fixture
def chat_model():
    pytest.importorskip("langchain_core")
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration, ChatResult

    class Echo(BaseChatModel):
        """Says how many messages came, and the last one."""

        @property
        def _llm_type(self):
            return "echo"

        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            message = AIMessage(
                content=f"{len(messages)}: {messages[-1].content}",
                usage_metadata={"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
                response_metadata={"finish_reason": "stop", "model_name": "echo-1"},
            )
            return ChatResult(generations=[ChatGeneration(message=message)])

    return Echo()


def test_a_langchain_chat_model_answers_texts_and_conversations(chat_model):
    talk = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]
    run = evaluate(chat_model, golden_of(("hello", "1: hello"), (talk, "2: hi")), scorers=["exact"])
    assert run.frame["passed"].to_list() == [True, True]
    row = run.frame.row(0, named=True)
    assert (row["input_tokens"], row["output_tokens"]) == (5, 2)
    assert (row["model"], row["finish_reason"]) == ("echo-1", "stop")


def test_a_langchain_chain_takes_a_dictionary_and_gives_a_text(chat_model):
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate

    chain = ChatPromptTemplate.from_template("About {topic}?") | chat_model | StrOutputParser()
    asked = golden_of(({"topic": "tea"}, "1: About tea?"))
    assert evaluate(chain, asked, scorers=["exact"]).frame["passed"].all()
    keyed = targets["langchain"](chain, key="topic")
    run = evaluate(keyed, golden_of(("tea", "1: About tea?")), scorers=["exact"])
    assert run.frame["passed"].all()


def test_a_langchain_rag_chain_brings_its_documents(chat_model):
    from langchain_core.documents import Document
    from langchain_core.runnables import RunnableLambda

    document = Document("The museum opens at nine every morning.")
    chain = RunnableLambda(
        lambda said: {"context": [document], "answer": "The museum opens at nine every morning."}
    )
    run = evaluate(chain, golden_of(("When?", None)), scorers=["groundedness"])
    assert run.frame["groundedness"].to_list() == [1.0]


def test_a_langchain_error_is_a_result(chat_model):
    from langchain_core.runnables import RunnableLambda

    def broken(said):
        raise ValueError("no such topic")

    run = evaluate(RunnableLambda(broken), golden_of(("tea", "x")), scorers=["exact"])
    assert run.frame["error"].to_list() == ["ValueError: no such topic"]


def test_a_llama_index_query_engine_answers_from_what_it_retrieved():
    pytest.importorskip("llama_index.core")
    from llama_index.core.base.response.schema import Response
    from llama_index.core.query_engine import CustomQueryEngine
    from llama_index.core.schema import NodeWithScore, TextNode

    class Engine(CustomQueryEngine):
        def custom_query(self, query_str):
            node = TextNode(text="The museum opens at nine every morning.")
            said = f"About {query_str} The museum opens at nine every morning."
            return Response(said, source_nodes=[NodeWithScore(node=node, score=1.0)])

    run = evaluate(
        Engine(),
        golden_of(("When does it open?", "nine")),
        scorers=["contains", scorers["groundedness"]()],
    )
    assert run.frame["contains"].to_list() == [1.0]
    assert run.frame["groundedness"].to_list() == [1.0]
    assert run.results[0].answer.context == ["The museum opens at nine every morning."]
