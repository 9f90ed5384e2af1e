"""Factors of annex B (HJ 212-2017, with its codes of 2005), and the units of common practice.

The annex's own units are not used: it gives ng/m3 for PM2.5 where every analyser
reports ug/m3 (HJ 653, HJ 654), and no frame ever carries a unit. A city overrides
any of these per feed or per site (``units`` in the options).

Each line: code, its code of 2005 or ``-``, unit, title; in the gas table the unit in
ambient air, then at a source. Units are UCUM.
"""

WATER = """
w00000 B01 L/s 污水
w01001 001 [pH] pH值
w01002 002 {PCU} 色度
w01003 - {NTU} 浊度
w01006 - mg/L 溶解性总固体
w01009 - mg/L 溶解氧
w01010 - Cel 水温
w01012 003 mg/L 悬浮物
w01014 - uS/cm 电导率
w01016 - ug/L 叶绿素a
w01017 010 mg/L 五日生化需氧量
w01018 011 mg/L 化学需氧量
w01019 - mg/L 高锰酸盐指数
w01020 015 mg/L 总有机碳
w02003 550 /L 粪大肠菌群
w02006 - /L 细菌总数
w03001 570 Bq/L 总alpha放射性
w03002 571 Bq/L 总beta放射性
w19001 - mg/L 表面活性剂
w19002 520 mg/L 阴离子表面活性剂
w20012 039 mg/L 钡
w20023 037 mg/L 硼
w20038 040 mg/L 钴
w20061 038 mg/L 钼
w20089 041 ng/L 铊
w20092 036 mg/L 锡
w20111 020 ug/L 总汞
w20113 021 ng/L 烷基汞
w20115 022 ug/L 总镉
w20116 023 mg/L 总铬
w20117 024 ug/L 六价铬
w20119 026 ug/L 总砷
w20120 027 ug/L 总铅
w20121 028 mg/L 总镍
w20122 029 mg/L 总铜
w20123 030 mg/L 总锌
w20124 031 mg/L 总锰
w20125 032 mg/L 总铁
w20126 033 mg/L 总银
w20127 034 ug/L 总铍
w20128 035 ug/L 总硒
w21001 065 mg/L 总氮
w21003 060 mg/L 氨氮
w21004 062 mg/L 凯氏氮
w21006 063 mg/L 亚硝酸盐
w21007 064 mg/L 硝酸盐
w21011 101 mg/L 总磷
w21016 070 mg/L 氰化物
w21017 072 mg/L 氟化物
w21019 071 mg/L 硫化物
w21022 090 mg/L 氯化物
w21038 - mg/L 硫酸盐
w22001 080 mg/L 石油类
w23002 110 mg/L 挥发酚
w25043 540 ug/L 苯并[a]芘
w33001 350 ng/L 六六六
w33007 351 ng/L 滴滴涕
w99001 061 mg/L 有机氮
"""

GAS = """
a00000 B02 m3/s m3/s 废气
a01001 - Cel Cel 温度
a01002 - % % 湿度
a01006 - kPa kPa 气压
a01007 - m/s m/s 风速
a01008 - deg deg 风向
a01010 37 1 1 林格曼黑度
a01011 S02 m/s m/s 烟气流速
a01012 S03 Cel Cel 烟气温度
a01013 S08 kPa kPa 烟气压力
a01014 S05 % % 烟气湿度
a01015 S06 Cel Cel 制冷温度
a01016 S07 m2 m2 烟道截面积
a01017 S04 kPa kPa 烟气动压
a05001 30 mg/m3 mg/m3 二氧化碳
a05002 - ug/m3 mg/m3 甲烷
a05024 - ug/m3 mg/m3 臭氧
a19001 S01 % % 氧气含量
a20007 - ng/m3 mg/m3 砷
a20016 36 ng/m3 mg/m3 铍及其化合物
a20025 33 ng/m3 mg/m3 镉及其化合物
a20026 - ng/m3 mg/m3 镉
a20043 32 ng/m3 mg/m3 铅及其化合物
a20044 - ng/m3 mg/m3 铅
a20057 31 ng/m3 mg/m3 汞及其化合物
a20058 - ng/m3 mg/m3 汞
a20063 35 ng/m3 mg/m3 镍及其化合物
a20091 34 ng/m3 mg/m3 锡及其化合物
a21001 10 ug/m3 mg/m3 氨
a21002 03 ug/m3 mg/m3 氮氧化物
a21003 - ug/m3 mg/m3 一氧化氮
a21004 - ug/m3 mg/m3 二氧化氮
a21005 04 mg/m3 mg/m3 一氧化碳
a21017 07 ug/m3 mg/m3 氰化物
a21018 06 ug/m3 mg/m3 氟化物
a21022 11 ug/m3 mg/m3 氯气
a21024 08 ug/m3 mg/m3 氯化氢
a21026 02 ug/m3 mg/m3 二氧化硫
a21028 05 ug/m3 mg/m3 硫化氢
a23001 27 ug/m3 mg/m3 酚类
a24003 - ug/m3 mg/m3 二氯甲烷
a24004 - ug/m3 mg/m3 三氯甲烷
a24005 - ug/m3 mg/m3 四氯甲烷
a24036 - ug/m3 mg/m3 环己烷
a24042 - ug/m3 mg/m3 正己烷
a24046 29 ug/m3 mg/m3 氯乙烯
a24049 - ug/m3 mg/m3 三氯乙烯
a24050 - ug/m3 mg/m3 四氯乙烯
a24053 - ug/m3 mg/m3 丙烯
a24078 - ug/m3 mg/m3 1,3-丁二烯
a24087 25 ug/m3 mg/m3 碳氢化合物
a24088 - ug/m3 mg/m3 非甲烷总烃
a25002 - ug/m3 mg/m3 苯
a25003 17 ug/m3 mg/m3 甲苯
a25004 - ug/m3 mg/m3 乙苯
a25005 18 ug/m3 mg/m3 二甲苯
a25006 - ug/m3 mg/m3 1,2-二甲基苯
a25007 - ug/m3 mg/m3 1,3-二甲基苯
a25008 - ug/m3 mg/m3 1,4-二甲基苯
a25010 23 ug/m3 mg/m3 氯苯
a25023 22 ug/m3 mg/m3 硝基苯
a25038 - ug/m3 mg/m3 乙烯基苯
a25044 20 ng/m3 mg/m3 苯并[a]芘
a26001 21 ug/m3 mg/m3 苯胺类
a29017 - ug/m3 mg/m3 乙酸乙酯
a30001 28 ug/m3 mg/m3 甲醇
a30008 - ug/m3 mg/m3 异丙醇
a30022 13 ug/m3 mg/m3 硫醇
a31001 19 ug/m3 mg/m3 甲醛
a31002 26 ug/m3 mg/m3 乙醛
a31024 - ug/m3 mg/m3 丙酮
a34001 TSP ug/m3 mg/m3 总悬浮颗粒物
a34002 - ug/m3 mg/m3 可吸入颗粒物PM10
a34004 - ug/m3 mg/m3 细微颗粒物PM2.5
a34013 01 ug/m3 mg/m3 烟尘
a34017 - ug/m3 mg/m3 炭黑尘
a34038 09 ug/m3 mg/m3 沥青烟
a34039 14 ug/m3 mg/m3 硫酸雾
a34040 15 ug/m3 mg/m3 铬酸雾
a99010 - ug/m3 mg/m3 丙烯腈
a99049 24 ug/m3 mg/m3 光气
a99051 12 ug/m3 mg/m3 二硫化碳
"""

NOISE = """
Leq - dB[SPL] 等效连续A声级
LA - dB[SPL] A声级
Ldn - dB[SPL] 昼夜等效声级
Ld - dB[SPL] 昼间等效声级
Ln - dB[SPL] 夜间等效声级
LMx - dB[SPL] 最大的瞬时声级
LMn - dB[SPL] 最小的瞬时声级
L5 - dB[SPL] 累计百分声级L5
L10 - dB[SPL] 累计百分声级L10
L50 - dB[SPL] 累计百分声级L50
L90 - dB[SPL] 累计百分声级L90
L95 - dB[SPL] 累计百分声级L95
"""
