"""The kinds of venue, from the province's list of March 2020, with the small gates of everyday life."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind by its names."""

    zh: str
    en: str


KINDS: Final = {
    "hall": Kind("政务服务大厅", "administrative service hall"),
    "mall": Kind("商场", "shopping mall"),
    "park": Kind("封闭式公园、动植物园", "gated park or zoo"),
    "supermarket": Kind("超市", "supermarket"),
    "market": Kind("农贸市场", "farmers' market"),
    "hotel": Kind("宾馆酒店", "hotel"),
    "restaurant": Kind("餐饮店", "restaurant"),
    "car-dealer": Kind("汽车销售店", "car dealer"),
    "library": Kind("图书馆", "library"),
    "museum": Kind("博物馆", "museum"),
    "culture": Kind("文化馆", "cultural centre"),
    "gallery": Kind("美术馆", "art gallery"),
    "internet-cafe": Kind("网吧", "internet café"),
    "entertainment": Kind("娱乐场所", "entertainment"),
    "performance": Kind("演出场所", "performance"),
    "sight": Kind("A级旅游景区", "A-level tourist site"),
    "rural-tourism": Kind("A级乡村旅游经营单位", "A-level rural tourism"),
    "industrial-tourism": Kind("工业旅游点", "industrial tourism"),
    "hot-spring": Kind("温泉", "hot spring"),
    "camp": Kind("房车营地", "RV camp"),
    "travel-agency": Kind("旅行社", "travel agency"),
    "village": Kind("村屯", "village"),
    "community": Kind("居民小区", "residential community"),
    "campus": Kind("厂区园区", "factory campus"),
    "commercial": Kind("商业区", "commercial area"),
    "vehicle": Kind("公共交通工具", "public transport vehicle"),
}

# Levels of the tree of regions, in order.
LEVELS: Final = {
    1: Kind("省", "province"),
    2: Kind("市", "city"),
    3: Kind("县（市、区）", "county"),
    4: Kind("乡镇（街道）", "township or street"),
    5: Kind("村（社区）", "village or community"),
}
